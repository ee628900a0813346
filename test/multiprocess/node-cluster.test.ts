// A gateway on node:cluster: the primary holds the lock with `bind: false`, and the workers listen.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { probeGateway } from '../../src/index.js';
import { isWine, need } from '../support/capabilities.js';
import { environment } from '../support/command.js';
import { freshDirectory } from '../support/directories.js';
import { freePort } from '../support/free-port.js';

const GATEWAY = fileURLToPath(new URL('../fixtures/cluster-gateway.mjs', import.meta.url));
const WORKERS = 2;
const CANNOT_CONNECT = 'connections to a cluster of Node fail with UNKNOWN (Wine 8)';

/** Starts a primary. Resolves with its first message: `ready`, or the code of its error. */
async function startPrimary(stateDir: string, port: number): Promise<{ primary: ChildProcess; message: unknown }> {
  const options = JSON.stringify({ stateDir, port, env: {}, timeoutMs: 500, workers: WORKERS });
  const primary = fork(GATEWAY, [options], { env: environment(stateDir) });
  onTestFinished(() => void primary.kill('SIGKILL'));
  const [message] = await once(primary, 'message');
  return { primary, message };
}

/** Returns the pids of the workers that answer. */
async function answeringWorkers(port: number): Promise<Set<string>> {
  const answers = Array.from({ length: 20 }, async () => (await fetch(`http://127.0.0.1:${port}`)).text());
  return new Set(await Promise.all(answers));
}

test('the primary holds the lock and all workers serve, so that a second primary is refused', async (ctx) => {
  need(ctx, isWine ? CANNOT_CONNECT : null);
  const [stateDir, port] = [freshDirectory(), await freePort()];
  const { primary, message } = await startPrimary(stateDir, port);
  expect(message).toBe('ready');
  expect((await answeringWorkers(port)).size).toBe(WORKERS);
  expect((await startPrimary(stateDir, port)).message).toBe('ERR_GATEWAY_LOCKED');
  expect((await probeGateway({ stateDir, port, env: {} })).owner?.pid).toBe(primary.pid);
});

test('all workers can be replaced one by one while the primary keeps the lock', async (ctx) => {
  need(ctx, isWine ? CANNOT_CONNECT : null);
  const [stateDir, port] = [freshDirectory(), await freePort()];
  const { primary } = await startPrimary(stateDir, port);
  const before = await answeringWorkers(port);
  primary.send('restart');
  expect(await once(primary, 'message')).toEqual(['restarted', undefined]);
  const after = await answeringWorkers(port);
  expect([...after].filter((pid) => before.has(pid))).toEqual([]);
});
