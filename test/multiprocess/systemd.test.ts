// Checks the behaviour of a real systemd on which the tests of supervised starts rely.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { bootSystemd, SystemdInstance, systemdOfThisFile } from '../support/systemd.js';
import { until } from '../support/until.js';

const SERVICE = fileURLToPath(new URL('../fixtures/service.mjs', import.meta.url));
const systemdOr = systemdOfThisFile();
let units = 0;

async function startService(systemd: SystemdInstance, does: string, options: readonly string[]): Promise<string> {
  const unit = `stand-in-${++units}.service`;
  const service = [`ExecStart=${process.execPath} ${SERVICE} ${does}`, 'RestartSec=50ms', ...options];
  await systemd.installUnit(unit, `[Unit]\nStartLimitIntervalSec=0\n[Service]\n${service.join('\n')}\n`);
  await systemd.start(unit);
  return unit;
}

async function printed(systemd: SystemdInstance, unit: string, line: string): Promise<void> {
  await until(async () => (await systemd.journal(unit)).includes(line), `${unit} prints ${line}`);
}

async function startsOf(systemd: SystemdInstance, unit: string): Promise<number> {
  return (await systemd.journal(unit)).filter((line) => line.startsWith('started ')).length;
}

describe('systemd with Restart=always', () => {
  test.for(['exit 1', 'exit 0', 'exit 78'])('restarts a program that runs %s', async (does, ctx) => {
    const systemd = systemdOr(ctx);
    const unit = await startService(systemd, does, ['Restart=always']);
    await until(async () => (await startsOf(systemd, unit)) >= 4, `four starts of ${unit}`);
    await systemd.stop(unit);
  });

  test('restarts a killed program', async (ctx) => {
    const systemd = systemdOr(ctx);
    const unit = await startService(systemd, 'stay', ['Restart=always']);
    await printed(systemd, unit, 'main ready');
    await systemd.exec(['systemctl', 'kill', '--signal=KILL', unit]);
    await until(async () => (await startsOf(systemd, unit)) === 2, `a second start of ${unit}`);
    await systemd.stop(unit);
  });

  test('systemd with Restart=always does not restart a program that ends with exit code 78 if RestartPreventExitStatus=78 is set', async (ctx) => {
    const systemd = systemdOr(ctx);
    const unit = await startService(systemd, 'exit 78', ['Restart=always', 'RestartPreventExitStatus=78']);
    await until(async () => (await systemd.show(unit, 'SubState')) === 'failed', `${unit} has failed`);
    expect(await systemd.show(unit, 'ExecMainStatus')).toBe('78');
    expect(await systemd.show(unit, 'NRestarts')).toBe('0');
    expect(await startsOf(systemd, unit)).toBe(1);
  });
});

test.for([
  { mode: 'mixed', signaled: ['main SIGTERM'] },
  { mode: 'control-group', signaled: ['child SIGTERM', 'main SIGTERM'] },
])('systemctl stop with KillMode=$mode sends $signaled', async ({ mode, signaled }, ctx) => {
  const systemd = systemdOr(ctx);
  const unit = await startService(systemd, 'family', [`KillMode=${mode}`]);
  await printed(systemd, unit, 'main ready');
  await systemd.stop(unit);
  expect((await systemd.journal(unit)).filter((line) => line.endsWith(' SIGTERM')).sort()).toEqual(signaled);
  expect(await systemd.show(unit, 'ActiveState')).toBe('inactive');
});

test('systemd sets the variables for pid, invocation and journal of a service, and passes no variable of the test run', async (ctx) => {
  const systemd = systemdOr(ctx);
  const unit = await startService(systemd, 'stay', []);
  await printed(systemd, unit, 'main ready');
  const { pid, env } = JSON.parse((await systemd.journal(unit))[0]!.replace('started ', ''));
  expect(env).toMatchObject({
    SYSTEMD_EXEC_PID: String(pid),
    INVOCATION_ID: await systemd.show(unit, 'InvocationID'),
    JOURNAL_STREAM: expect.stringMatching(/^\d+:\d+$/),
  });
  expect(env).not.toHaveProperty('VITEST');
});

test('the systemd of the tests runs in a separate network namespace, so its ports do not conflict with the host', async (ctx) => {
  const systemd = systemdOr(ctx);
  const namespaces = await systemd.exec(['readlink', '/proc/self/ns/net']);
  expect(namespaces).toMatchObject({ code: 0, stdout: expect.stringMatching(/^net:/) });
  expect(namespaces.stdout.trim()).not.toBe(readlinkSync('/proc/self/ns/net'));
});

test('two systemd instances of the tests run side by side, and an ended instance leaves no process', async (ctx) => {
  systemdOr(ctx);
  const second = await bootSystemd();
  if (!(second instanceof SystemdInstance)) throw new Error(second.reason);
  const unit = await startService(second, 'family', []);
  await printed(second, unit, 'main ready');
  const namespace = readlinkSync(`/proc/${second.leader}/ns/pid`);
  const cgroup = cgroupOf(second.leader);
  expect(processesIn(namespace).length).toBeGreaterThanOrEqual(4);
  expect(existsSync(cgroup)).toBe(true);
  // Closes the pipe, which a kill -9 of the test run would also do.
  await second.end();
  expect(processesIn(namespace)).toEqual([]);
  expect(existsSync(cgroup)).toBe(false);
  expect(existsSync(second.directory)).toBe(false);
});

function cgroupOf(pid: number): string {
  const mount = execFileSync('findmnt', ['--types=cgroup2', '--first-only', '--noheadings', '--output=TARGET']);
  const path = /^0::(\/.*)\/init\.scope$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))![1]!;
  return join(mount.toString().trim(), path);
}

function processesIn(namespace: string): string[] {
  return readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && namespaceOf(pid) === namespace);
}

function namespaceOf(pid: string): string | null {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return null;
  }
}
