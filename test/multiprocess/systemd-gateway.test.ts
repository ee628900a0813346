// Gateways as units of a real systemd, and as programs of the stand-in on systems without systemd.
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { probeHealth } from '../../src/index.js';
import { isWine } from '../support/capabilities.js';
import { COMMAND, gatewayLock, start } from '../support/command.js';
import { freshDirectory } from '../support/directories.js';
import { freePort } from '../support/free-port.js';
import { supervise } from '../support/supervisor.js';
import { type SystemdInstance, systemdOfThisFile } from '../support/systemd.js';
import { until } from '../support/until.js';

const SERVER = fileURLToPath(new URL('../fixtures/adopting-server.mjs', import.meta.url));
const systemdOr = systemdOfThisFile();
/**
 * The number of duplicates: fewer under Wine, which cannot always start 50 processes at once on two
 * cores ("spawn UNKNOWN").
 */
const DUPLICATES = isWine ? 10 : 50;

/** Installs a unit that `gateway-lock unit` has printed, with a shorter RestartSec. */
async function installUnit(systemd: SystemdInstance, name: string, ...args: string[]): Promise<string> {
  const { code, out, err } = await gatewayLock(['unit', 'systemd', ...args]);
  expect([code, err]).toEqual([0, expect.anything()]);
  await systemd.installUnit(`${name}.service`, out.replace(/^RestartSec=.*$/m, 'RestartSec=100ms'));
  return `${name}.service`;
}

async function answers(systemd: SystemdInstance, port: number): Promise<boolean> {
  const script = `fetch('http://127.0.0.1:${port}/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))`;
  return (await systemd.exec([process.execPath, '-e', script])).code === 0;
}

async function mainPid(systemd: SystemdInstance, unit: string): Promise<number> {
  return Number(await systemd.show(unit, 'MainPID'));
}

function lockFiles(state: string): string[] {
  return readdirSync(state, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.lock'));
}

let units = 0;
async function runningGateway(systemd: SystemdInstance, ...program: string[]) {
  const state = freshDirectory();
  const port = 20_000 + ++units;
  const words = program.length === 0 ? [] : ['--', ...program];
  const args = ['--port', String(port), '--state-dir', state, ...words];
  const unit = await installUnit(systemd, `gateway-${port}`, ...args);
  await systemd.start(unit);
  await until(() => answers(systemd, port), 'the gateway', 20_000);
  return { unit, port, state, args };
}

describe('gateways under a real systemd', () => {
  test('50 duplicates of a healthy gateway end once with exit code 78 and do not disturb the gateway', async (ctx) => {
    const systemd = systemdOr(ctx);
    const { unit, port, args } = await runningGateway(systemd);
    const pid = await mainPid(systemd, unit);
    const duplicates = Array.from({ length: 50 }, (_, index) => `duplicate-${index}`);
    for (const name of duplicates) await installUnit(systemd, name, ...args);
    await systemd.exec(['systemctl', 'start', '--no-block', ...duplicates], 60_000);
    for (const name of duplicates) {
      await until(async () => (await systemd.show(name, 'SubState')) === 'failed', `the end of ${name}`, 60_000);
      const seen = await Promise.all(['ExecMainStatus', 'NRestarts'].map((property) => systemd.show(name, property)));
      expect(seen).toEqual(['78', '0']);
    }
    expect([await mainPid(systemd, unit), await answers(systemd, port)]).toEqual([pid, true]);
  }, 180_000);

  test('systemd restarts a gateway after kill -9, and the gateway reclaims its lock file', async (ctx) => {
    const systemd = systemdOr(ctx);
    const { unit, port } = await runningGateway(systemd);
    const pid = await mainPid(systemd, unit);
    await systemd.exec(['systemctl', 'kill', '--signal=KILL', unit]);
    await until(
      async () => (await mainPid(systemd, unit)) !== pid && (await answers(systemd, port)),
      'the next gateway',
      20_000,
    );
    expect((await systemd.journal(unit)).join('\n')).toContain(
      'reclaimed the lock file of an earlier gateway (owner-gone)',
    );
  });

  test('systemd restarts wrapper and program after kill -9 of the wrapper', async (ctx) => {
    const systemd = systemdOr(ctx);
    const { unit, port } = await runningGateway(systemd, process.execPath, SERVER);
    const pid = await mainPid(systemd, unit);
    await systemd.exec(['systemctl', 'kill', '--kill-who=main', '--signal=KILL', unit]);
    await until(async () => ![0, pid].includes(await mainPid(systemd, unit)), 'the next wrapper', 20_000);
    await until(() => answers(systemd, port), 'the next program', 20_000);
  });

  test('systemctl stop lets the program exit normally and leaves no lock file', async (ctx) => {
    const systemd = systemdOr(ctx);
    const { unit, state } = await runningGateway(systemd, process.execPath, SERVER);
    expect(lockFiles(state)).toHaveLength(2);
    await systemd.stop(unit);
    expect(lockFiles(state)).toEqual([]);
    expect(await systemd.show(unit, 'Result')).toBe('success');
  });

  test('a duplicate of a hung gateway fails and is restarted until the hung gateway is gone, and then runs', async (ctx) => {
    const systemd = systemdOr(ctx);
    const { unit, port, state } = await runningGateway(systemd);
    const hung = await mainPid(systemd, unit);
    await systemd.exec(['kill', '-STOP', String(hung)]);
    const words = `run --supervised --wait 1500 --port ${port} --state-dir ${state} -- ${process.execPath} ${SERVER}`;
    const service = `ExecStart=${process.execPath} ${COMMAND} ${words}\nRestart=always\nRestartSec=100ms\nRestartPreventExitStatus=78`;
    await systemd.installUnit('second.service', `[Unit]\nStartLimitIntervalSec=0\n[Service]\n${service}\n`);
    await systemd.start('second.service');
    await until(async () => Number(await systemd.show('second.service', 'NRestarts')) >= 2, 'two restarts', 30_000);
    expect((await systemd.journal('second.service')).join('\n')).toContain('did not become healthy after 1500ms');
    await systemd.exec(['systemctl', 'disable', '--now', '--no-block', unit]);
    await systemd.exec(['kill', '-KILL', String(hung)]);
    await until(() => answers(systemd, port), 'the second gateway', 30_000);
    await systemd.stop('second.service');
  });
});

test(`under the stand-in for systemd ${DUPLICATES} duplicates of a healthy gateway end once with exit code 78`, async () => {
  const home = freshDirectory();
  const port = await freePort();
  const first = start(['serve', '--port', String(port)], { home });
  await until(() => first.out.includes('gateway listening on'), 'the gateway');
  const words = [process.execPath, COMMAND, 'serve', '--port', String(port)] as const;
  const env = { ...process.env, HOME: home };
  const duplicates = Array.from({ length: DUPLICATES }, () =>
    supervise({ command: words, env, restartMs: 10, preventExitStatus: [78] }),
  );
  await until(() => duplicates.every(({ state }) => state === 'stopped'), 'the end of all duplicates', 120_000);
  expect(duplicates.map(({ starts, exits }) => [starts, exits])).toEqual(
    duplicates.map(() => [1, [{ code: 78, signal: null }]]),
  );
  expect(await probeHealth({ port })).toMatchObject({ healthy: true });
  expect(first.child.exitCode).toBeNull();
}, 180_000);
