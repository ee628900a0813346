import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { probeHealth } from '../../src/index.js';
import { need, whyNoInheritance, whyNoSignals } from '../support/capabilities.js';
import { gatewayLock, printedPid, type Running, start } from '../support/command.js';
import { freshDirectory } from '../support/directories.js';
import { freePort } from '../support/free-port.js';
import { whyNoPortOwner } from '../support/port-owner.js';
import { until } from '../support/until.js';

const SUPERVISORS = [
  ['systemd', { INVOCATION_ID: 'f00', JOURNAL_STREAM: '8:1' }, 78],
  ['launchd', { XPC_SERVICE_NAME: 'com.example.gateway' }, 0],
  ['schtasks', { GATEWAY_WINDOWS_TASK_NAME: 'Gateway' }, 0],
  ['pm2', { pm_id: '0' }, 0],
  ['supervisord', { SUPERVISOR_ENABLED: '1' }, 0],
  ['external', { GATEWAY_SUPERVISOR_MODE: 'external' }, 0],
] as const;
const SYSTEMD = SUPERVISORS[0][1];

const SAYS_STARTED = [process.execPath, '-p', '"started"'];
/** The flags for `run`, because the program of these tests does not use the port. */
const HANDOVER = whyNoInheritance === null ? [] : ['--no-handover'];

async function startServing(home: string, port: number, env = {}): Promise<Running> {
  const run = start(['serve', '--port', String(port)], { home, env });
  await until(() => run.out.includes('gateway listening on') || run.child.exitCode !== null, 'the gateway');
  expect(run.err).toBe('');
  return run;
}

function supervisedRun(port: number, ...flags: string[]): string[] {
  return ['run', '--supervised', '--port', String(port), ...HANDOVER, ...flags, '--', ...SAYS_STARTED];
}

describe.each(SUPERVISORS)('gateway-lock run under %s', (supervisor, env, exitCode) => {
  test(`a start under ${supervisor} beside a healthy gateway exits with ${exitCode} at once and prints one line`, async () => {
    const home = freshDirectory();
    const port = await freePort();
    const { pid } = await startServing(home, port);
    for (const words of [['serve', '--port', String(port)], supervisedRun(port)]) {
      expect(await gatewayLock(words, { home, env })).toEqual({
        code: exitCode,
        signal: null,
        out: '',
        err: `gateway-lock: already running and healthy (pid ${pid}); exiting with code ${exitCode}\n`,
      });
    }
    expect(await probeHealth({ port })).toMatchObject({ healthy: true });
  });

  test(`a start under ${supervisor} beside an unhealthy gateway exits with 1 when the time of --wait has passed`, async (ctx) => {
    need(ctx, whyNoSignals);
    const home = freshDirectory();
    const port = await freePort();
    const hung = await startServing(home, port);
    hung.child.kill('SIGSTOP');
    const began = performance.now();
    const { code, out, err } = await gatewayLock(supervisedRun(port, '--wait', '1500'), { home, env });
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(
      /existing gateway did not become healthy after 1500ms\. The last health check failed: [^\n]*\n$/,
    );
    expect(err).toContain(`(kill ${hung.pid})`);
    expect(performance.now() - began).toBeGreaterThan(1000);
    hung.child.kill('SIGCONT');
    expect(await probeHealth({ port })).toMatchObject({ healthy: true });
  });
});

describe('gateway-lock run without a supervisor', () => {
  test('without a supervisor a second gateway exits with 1, even beside a healthy gateway', async () => {
    const home = freshDirectory();
    const port = await freePort();
    await startServing(home, port);
    for (const words of [['serve', '--port', String(port)], supervisedRun(port)]) {
      const { code, err } = await gatewayLock(words, { home });
      expect([code, err]).toEqual([1, expect.stringMatching(/^gateway-lock: another gateway instance [^\n]*\n$/)]);
    }
  });
});

test('a start takes the place of a hung gateway that dies during the wait', async (ctx) => {
  need(ctx, whyNoSignals);
  const home = freshDirectory();
  const port = await freePort();
  const hung = await startServing(home, port);
  hung.child.kill('SIGSTOP');
  const next = start(['serve', '--port', String(port)], { home, env: SYSTEMD });
  await until(() => readFileSync(`/proc/${next.pid}/maps`, 'utf8').includes('gateway_lock.node'), 'the first try');
  // Waits longer than a health probe and shorter than the budget.
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect([next.child.exitCode, next.out]).toEqual([null, '']);
  hung.child.kill('SIGKILL');
  await until(() => next.out.includes('gateway listening on'), 'the successor', 15_000);
  expect(next.out).toMatch(/^reclaimed the lock file of an earlier gateway \(owner-gone\)\n/);
});

test.each<[string, RequestListener]>([
  ['404', (_, response) => response.writeHead(404).end('{"ok":true,"status":"live"}')],
  ['HTML', (_, response) => response.end('<html>It works!</html>')],
  ['a redirect', (_, response) => response.writeHead(302, { location: '/healthz' }).end()],
])('a start exits with 1 if another web server on the port answers with %s', async (_, answer) => {
  const server = createServer(answer).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await until(() => server.listening, 'the stranger');
  const { port } = server.address() as AddressInfo;
  const { code, err } = await gatewayLock(supervisedRun(port, '--wait', '1200'), { env: SYSTEMD });
  expect(code).toBe(1);
  if (whyNoPortOwner === null) expect(err).toContain(`pid ${process.pid} listens on that port`);
});

test('a start exits with 1 beside a program that answers no health check, and does not disturb it', async (ctx) => {
  need(ctx, whyNoInheritance);
  const home = freshDirectory();
  const port = await freePort();
  const holder = start(['run', '--port', String(port), '--', 'sh', '-c', 'echo $$; exec sleep 60'], { home });
  const pid = await printedPid(holder);
  const { code, err } = await gatewayLock(supervisedRun(port, '--wait', '1500'), { home, env: SYSTEMD });
  expect([code, err]).toEqual([1, expect.stringContaining(`(kill ${pid})`)]);
  expect(holder.child.exitCode).toBeNull();
});

test('run --park waits while a healthy gateway is running, and starts its program when the gateway is killed', async () => {
  const home = freshDirectory();
  const port = await freePort();
  const first = await startServing(home, port);
  const env = { XPC_SERVICE_NAME: 'com.example.gateway' };
  const parked = start(supervisedRun(port, '--park'), { home, env });
  await new Promise((resolve) => setTimeout(resolve, 2000));
  expect([parked.child.exitCode, parked.out]).toEqual([null, '']);
  first.child.kill('SIGKILL');
  expect(await parked.ended).toMatchObject({ code: 0, signal: null });
  expect(parked.out).toBe('started\n');
});

test('serve exits with 0 on SIGTERM and removes its lock files', async (ctx) => {
  need(ctx, whyNoSignals);
  const home = freshDirectory();
  const run = await startServing(home, await freePort());
  run.child.kill('SIGTERM');
  expect(await run.ended).toMatchObject({ code: 0, signal: null });
  expect(run.out).toMatch(/\ngateway stopped\n$/);
  expect(readdirSync(home, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.lock'))).toEqual([]);
});
