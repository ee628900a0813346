// Upgrades of a running gateway while clients connect to it all the time.

import { readFileSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { probeLock, resolveGatewayPaths } from '../../src/index.js';
import { need, whyNoInheritance } from '../support/capabilities.js';
import { fetched } from '../support/clients.js';
import { isAlive } from '../support/command.js';
import { failures, NO_FAILURES, startLoad, startThirdStarter, whyNoCompiler } from '../support/load.js';
import { whyNoAddress } from '../support/loopbacks.js';
import { RESTARTS } from '../support/rounds.js';
import { GATEWAY } from '../support/step-log.js';
import { until } from '../support/until.js';
import { UpgradingGateway } from '../support/upgrading-gateway.js';

/** A test must not fail because a busy machine is slow. */
const PATIENT = { timeout: 60_000 + RESTARTS * 10_000 };

beforeEach((ctx) => {
  need(ctx, whyNoInheritance);
  need(ctx, whyNoCompiler());
});

const get = (port: number, path = '/') => fetched(httpRequest, { port, path });

function ownerOf(gateway: UpgradingGateway) {
  return probeLock(resolveGatewayPaths({ stateDir: gateway.directory }).lockPaths[0]!).owner;
}

describe('upgrades under load', () => {
  test(`${RESTARTS} upgrades refuse and reset no connection, and there are never two gateways`, PATIENT, async () => {
    const gateway = await UpgradingGateway.start();
    const load = await startLoad({ port: gateway.port });
    const third = startThirdStarter(gateway.directory, gateway.port);
    const gaps: number[] = [];
    for (let upgrade = 0; upgrade < RESTARTS; upgrade++) {
      await gateway.upgrade();
      await sleep(20);
      const report = await load.report();
      gaps.push(report.gapMs);
      if (gaps.length % 50 === 0) console.log(`${gaps.length} upgrades: ${gapText(gaps)}; ${JSON.stringify(report)}`);
    }
    const report = await load.end();
    expect(failures(report)).toEqual(NO_FAILURES);
    expect(report.wsGoingAway).toBeGreaterThan(0);
    expect(await third.end()).toBe(0);
    expect(gateway.doubles()).toBe('');
  });

  test('upgrades on localhost refuse no connection on either loopback address', PATIENT, async (ctx) => {
    need(ctx, whyNoAddress('::1'));
    const gateway = await UpgradingGateway.start({ host: 'localhost' });
    const load = await startLoad({ port: gateway.port, addresses: ['127.0.0.1', '::1'] });
    for (let upgrade = 0; upgrade < 5; upgrade++) await gateway.upgrade();
    expect(failures(await load.end())).toEqual(NO_FAILURES);
  });

  test('upgrades of an https server fail no request', PATIENT, async () => {
    const gateway = await UpgradingGateway.start({ tls: true });
    const ca = readFileSync(new URL('../fixtures/loopback-certificate.pem', import.meta.url));
    let over = false;
    const client = (async () => {
      const pids = new Set<string>();
      while (!over)
        pids.add(await fetched(httpsRequest, { host: '127.0.0.1', port: gateway.port, ca, servername: 'localhost' }));
      return pids.size;
    })();
    for (let upgrade = 0; upgrade < 5; upgrade++) {
      await gateway.upgrade();
      await sleep(50);
    }
    over = true;
    expect(await client).toBe(6);
  });

  test('clients of a full backlog wait, and are not refused', PATIENT, async () => {
    const gateway = await UpgradingGateway.start({ acquire: { backlog: 4 } });
    const load = await startLoad({ port: gateway.port, webSockets: 0 });
    gateway.hold('draining');
    gateway.startUpgrade();
    await gateway.until('draining');
    await until(async () => (await load.report()).open > 100, 'more clients wait than the backlog holds');
    gateway.release('draining');
    await gateway.until('serving');
    expect(failures(await load.end())).toEqual(NO_FAILURES);
  });
});

describe('requests during an upgrade', () => {
  test('a slow request is answered by the old gateway, and a new one by the successor', async () => {
    const gateway = await UpgradingGateway.start({ slowMs: 500, graceMs: 60_000 });
    const slow = get(gateway.port, '/slow');
    await sleep(100);
    gateway.startUpgrade();
    await gateway.until('draining');
    const next = get(gateway.port);
    expect(await slow).toBe(String(gateway.firstPid));
    const { pid } = await gateway.until('serving');
    expect(await next).toBe(String(pid));
  });

  test('a request that takes longer than graceMs is cut off', async () => {
    const gateway = await UpgradingGateway.start({ slowMs: 60_000, graceMs: 50 });
    const slow = get(gateway.port, '/slow').catch((error: NodeJS.ErrnoException) => error.code);
    await sleep(100);
    await gateway.upgrade();
    expect(await slow).toBe('ECONNRESET');
  });
});

describe('the owner record during an upgrade', () => {
  test('the owner record names the successor and the phase, and afterwards the successor as the holder', async () => {
    const gateway = await UpgradingGateway.start();
    const before = ownerOf(gateway)!;
    gateway.hold('adopted');
    gateway.hold('draining');
    gateway.startUpgrade();
    const { pid } = await gateway.until('adopted');
    expect(ownerOf(gateway)).toEqual({ ...before, upgrade: { pid, phase: 'starting', since: expect.any(String) } });
    gateway.release('adopted');
    await gateway.until('draining');
    expect(ownerOf(gateway)).toEqual({ ...before, upgrade: { pid, phase: 'draining', since: expect.any(String) } });
    gateway.release('draining');
    await gateway.until('serving');
    const after = ownerOf(gateway)!;
    expect(after).toMatchObject({ pid, port: gateway.port });
    expect(after).not.toHaveProperty('upgrade');
    expect(after.ownerId).not.toBe(before.ownerId);
  });
});

describe('a successor that does not take over', () => {
  const outcomeOf = async (gateway: UpgradingGateway) => {
    const { pid, detail } = await gateway.until('kept');
    expect(pid).toBe(gateway.firstPid);
    expect(await get(gateway.port)).toBe(String(gateway.firstPid));
    return JSON.parse(detail) as Record<string, unknown>;
  };

  test('a successor that exits leaves the old gateway in control, which can upgrade again', async () => {
    const gateway = await UpgradingGateway.start({ successor: { exit: 3 } });
    gateway.startUpgrade();
    const { pid } = await gateway.until('started');
    expect(await outcomeOf(gateway)).toEqual({ reason: 'exited', pid, exitCode: 3, signal: null });
    expect(ownerOf(gateway)).toMatchObject({ upgrade: { pid, phase: 'kept', reason: 'exited' } });
    gateway.configure({});
    expect(await gateway.upgrade()).not.toBe(gateway.firstPid);
  });

  test('a program that cannot be started leaves the old gateway in control', async () => {
    const gateway = await UpgradingGateway.start({ command: ['/nonexistent/gateway'] });
    gateway.startUpgrade();
    expect(await outcomeOf(gateway)).toEqual({
      reason: 'exited',
      pid: null,
      cause: 'spawn /nonexistent/gateway ENOENT',
    });
    expect(ownerOf(gateway)).toMatchObject({ upgrade: { pid: null, phase: 'kept', reason: 'exited' } });
  });

  test('a successor that hangs is ended after readyTimeoutMs, and blocks further upgrades until its end', async () => {
    const gateway = await UpgradingGateway.start({ readyTimeoutMs: 3000, successor: { hang: true } });
    gateway.startUpgrade();
    await until(() => ownerOf(gateway)?.upgrade !== undefined, 'the successor is spawned');
    const pid = ownerOf(gateway)!.upgrade!.pid!;
    // A stopped process ignores SIGTERM, so that it ends after 5 s by SIGKILL.
    process.kill(pid, 'SIGSTOP');
    expect(await outcomeOf(gateway)).toMatchObject({ reason: 'timed-out', pid });
    gateway.startUpgrade();
    expect(await outcomeOf(gateway)).toMatchObject({ reason: 'in-progress', pid });
    await until(() => !isAlive(pid), 'the successor is killed', 30_000);
    gateway.configure({});
    await until(async () => {
      gateway.startUpgrade();
      return (await gateway.until(['kept', 'serving'])).name === 'serving';
    }, 'the old gateway has noticed the end of the successor');
  });

  test('a successor whose parent, a shell, exits does not take over while the old gateway lives', async () => {
    const command = `'${process.execPath}' '${GATEWAY}' "$@" & while [ ! -e "$1/exit" ]; do sleep 0.02; done; exit 3`;
    const gateway = await UpgradingGateway.start();
    const address = [gateway.directory, String(gateway.port)];
    gateway.configure({ command: ['sh', '-c', command, 'sh', ...address], graceMs: 100 });
    gateway.hold('drained');
    const old = gateway.startUpgrade();
    const { pid: successor } = await gateway.until('adopted');
    await gateway.until('drained');
    writeFileSync(join(gateway.directory, 'exit'), '');
    // The gateway accepts again before its drain step ends, which the outcome waits for.
    expect(await get(gateway.port)).toBe(String(old));
    gateway.release('drained');
    expect(await outcomeOf(gateway)).toMatchObject({ reason: 'exited', exitCode: 3 });
    gateway.startUpgrade();
    expect(await outcomeOf(gateway)).toMatchObject({ reason: 'in-progress' });
    await sleep(200);
    expect(gateway.steps.filter(({ pid }) => pid === successor).map(({ name }) => name)).toEqual([
      'started',
      'adopted',
    ]);
    process.kill(old, 'SIGKILL');
    await gateway.until('serving', successor);
    expect(await get(gateway.port)).toBe(String(successor));
    expect(gateway.doubles()).toBe('');
  });

  test('a second upgrade during the first is refused, and the first succeeds', async () => {
    const gateway = await UpgradingGateway.start();
    gateway.hold('started');
    const old = gateway.startUpgrade();
    const { pid } = await gateway.until('started');
    gateway.startUpgrade();
    expect(await outcomeOf(gateway)).toEqual({ reason: 'in-progress', pid });
    gateway.release('started');
    expect((await gateway.until('upgraded', old)).detail).toBe(JSON.stringify({ pid }));
  });

  test.each([
    ['another port', { port: 1 }, /does not listen on 127.0.0.1, port 1/],
    ['another host', { host: '127.0.0.2' }, /does not listen on 127.0.0.2/],
    [
      'another state directory',
      { stateDir: '/nonexistent/state' },
      /^the inherited lock is not that of '\/nonexistent\/state\//,
    ],
  ])('a successor that asks for %s adopts nothing, and the old gateway stays in control', async (_, acquire, cause) => {
    const gateway = await UpgradingGateway.start({ successor: { acquire } });
    gateway.startUpgrade();
    const result = await outcomeOf(gateway);
    expect(result).toMatchObject({ reason: 'not-adopted' });
    expect(result['cause']).toMatch(cause);
  });
});

describe('the end of a gateway during an upgrade', () => {
  test.each(['adopted', 'draining'])(
    'close() at the step %s ends the successor first, then frees the lock and the port',
    async (step) => {
      const gateway = await UpgradingGateway.start();
      gateway.hold(step);
      const old = gateway.startUpgrade();
      const { pid } = await gateway.until('adopted');
      await gateway.until(step);
      process.kill(old, 'SIGTERM');
      await gateway.until('closed', old);
      await until(() => !isAlive(pid), 'the successor has exited');
      gateway.release(step);
      expect(gateway.steps.filter((each) => each.pid === pid).map(({ name }) => name)).not.toContain('owner');
      await expect(get(gateway.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
      const next = await UpgradingGateway.start({ port: gateway.port, directory: gateway.directory });
      expect(await get(next.port)).toBe(String(next.firstPid));
    },
  );

  test('background processes of the gateways keep neither the lock nor the port', async () => {
    const gateway = await UpgradingGateway.start({ background: true });
    await gateway.upgrade();
    const last = gateway.servingPid;
    process.kill(last, 'SIGTERM');
    await gateway.until('closed', last);
    await expect(get(gateway.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await UpgradingGateway.start({ port: gateway.port, directory: gateway.directory });
  });
});

function gapText(gaps: readonly number[]): string {
  const sorted = gaps.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  return `longest gap per upgrade p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms`;
}
