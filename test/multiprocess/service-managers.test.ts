// Tests units under the real launchd and the real task scheduler. These tests run only if the
// variable CI is set, because they change the services of the machine.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { probeGateway } from '../../src/index.js';
import { stopCommand } from '../../src/internal.js';
import { isWine, need } from '../support/capabilities.js';
import { gatewayLock } from '../support/command.js';
import { freshDirectory } from '../support/directories.js';
import { freePort } from '../support/free-port.js';
import { until } from '../support/until.js';

const whyNotHere = (platform: NodeJS.Platform) => {
  if (process.platform !== platform || isWine) return `needs ${platform === 'win32' ? 'Windows (not Wine)' : 'macOS'}`;
  return process.env['CI'] ? null : 'changes the services of this machine, so it runs where CI is set';
};

/** The time limit for a restart. The task scheduler starts the task once a minute. */
const RESTART_MS = 90_000;

async function unitOf(kind: string, ...args: readonly string[]) {
  const stateDir = join(freshDirectory(), 'state');
  const port = await freePort();
  const name = `org.gateway-lock.test-${process.pid}`;
  const words = ['unit', kind, ...args, '--name', name, '--port', String(port), '--state-dir', stateDir];
  const { out, err } = await gatewayLock(words, { env: { ...process.env } });
  expect(err).toBe('');
  return { name, out, running: () => untilRunning({ stateDir, port }) };
}

/** Resolves with the pid of the gateway once the gateway is healthy. */
async function untilRunning({ stateDir, port }: { stateDir: string; port: number }): Promise<number> {
  let pid: number | null = null;
  await until(
    async () => {
      const gateway = await probeGateway({ stateDir, port, env: {} });
      pid = gateway.state === 'running' && gateway.health?.healthy ? (gateway.owner?.pid ?? null) : null;
      return pid !== null;
    },
    'a healthy gateway',
    RESTART_MS,
  );
  return pid!;
}

/** Kills the gateway and waits for the next gateway. Resolves with the pids of both. */
async function killAndAwait(running: () => Promise<number>): Promise<readonly number[]> {
  const first = await running();
  if (process.platform === 'win32') execFileSync('cmd.exe', ['/d', '/c', stopCommand(first)]);
  else process.kill(first, 'SIGKILL');
  let next = first;
  const isAnother = async () => {
    next = await running();
    return next !== first;
  };
  await until(isAnother, 'another gateway', RESTART_MS);
  return [first, next];
}

test('the task scheduler starts a gateway and restarts it after taskkill /F', async (ctx) => {
  need(ctx, whyNotHere('win32'));
  const { name, out, running } = await unitOf('schtasks');
  const file = join(freshDirectory(), 'task.xml');
  writeFileSync(file, out, 'ascii');
  execFileSync('schtasks', ['/Create', '/TN', name, '/XML', file]);
  onTestFinished(() => {
    for (const words of [
      ['/Change', '/TN', name, '/DISABLE'],
      ['/End', '/TN', name],
      ['/Delete', '/F', '/TN', name],
    ])
      spawnSync('schtasks', words);
  });
  execFileSync('schtasks', ['/Run', '/TN', name]);
  const [first, next] = await killAndAwait(running);
  expect(next).not.toBe(first);
}, 240_000);

test('the task scheduler accepts the unit of a user in UTF-16, the encoding in which PowerShell 5 writes files', async (ctx) => {
  need(ctx, whyNotHere('win32'));
  const { name, out } = await unitOf('schtasks', '--user');
  const file = join(freshDirectory(), 'task.xml');
  writeFileSync(file, `\ufeff${out}`, 'utf16le');
  onTestFinished(() => void spawnSync('schtasks', ['/Delete', '/F', '/TN', name]));
  const { status, stderr } = spawnSync('schtasks', ['/Create', '/TN', name, '/XML', file], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
}, 60_000);

test('launchd starts a gateway and restarts it after kill -9', async (ctx) => {
  need(ctx, whyNotHere('darwin'));
  const { name, out, running } = await unitOf('launchd', '--user');
  const file = join(homedir(), 'Library/LaunchAgents', `${name}.plist`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, out);
  execFileSync('plutil', ['-lint', file]);
  const domains = [`gui/${process.getuid!()}`, `user/${process.getuid!()}`];
  onTestFinished(() => {
    for (const domain of domains) spawnSync('launchctl', ['bootout', `${domain}/${name}`]);
    rmSync(file, { force: true });
  });
  const loaded = domains.some((domain) => spawnSync('launchctl', ['bootstrap', domain, file]).status === 0);
  expect(loaded).toBe(true);
  const [first, next] = await killAndAwait(running);
  expect(next).not.toBe(first);
}, 240_000);
