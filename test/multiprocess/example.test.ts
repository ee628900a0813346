import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { probeHealth } from '../../src/index.js';
import { stopCommand } from '../../src/internal.js';
import { need, whyNoInheritance, whyNoSignals } from '../support/capabilities.js';
import { fetched } from '../support/clients.js';
import { type Running, start as startProgram } from '../support/command.js';
import { freshDirectory } from '../support/directories.js';
import { freePort } from '../support/free-port.js';
import { until } from '../support/until.js';

const MAIN = fileURLToPath(new URL('../../examples/gateway/dist/main.js', import.meta.url));

/**
 * Starts the example with a fresh home directory, so that its defaults never touch a real state
 * directory.
 */
function start(args: string[], home: string): Running {
  return startProgram(args, { home, program: [process.execPath, MAIN] });
}

async function startListening(args: string[], home: string): Promise<Running> {
  const run = start(args, home);
  const over = run.ended.then(() => true);
  await until(async () => run.out.includes('gateway listening on') || (await Promise.race([over, false])), 'listening');
  expect(run.err).toBe('');
  return run;
}

function lockFiles(home: string): string[] {
  return readdirSync(home, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.lock'));
}

test('the example prints its URL, serves /healthz, and echoes over a WebSocket', async () => {
  const port = await freePort();
  const run = await startListening(['--port', String(port)], freshDirectory());
  expect(run.out).toBe(`gateway listening on ws://127.0.0.1:${port} (pid ${run.child.pid})\n`);
  expect(await fetched(request, { port, path: '/healthz' })).toBe('{"ok":true,"status":"live"}');
  const socket = new WebSocket(`ws://127.0.0.1:${port}`);
  await once(socket, 'open');
  socket.send('hello');
  expect(String((await once(socket, 'message'))[0])).toBe('hello');
  socket.terminate();
});

test('a second start of the example exits with 1 and prints only the frozen message and the hint', async () => {
  const home = freshDirectory();
  const port = await freePort();
  const first = await startListening(['--port', String(port)], home);
  const second = start(['--port', String(port)], home);
  expect(await second.ended).toMatchObject({ code: 1, signal: null });
  const [message, hint, ...rest] = second.err.split('\n');
  expect(message).toBe(`another gateway instance is already listening on ws://127.0.0.1:${port}`);
  expect(hint).toMatch(new RegExp(`^pid ${first.child.pid} holds .* stop it \\(${stopCommand(first.child.pid!)}\\)`));
  expect([rest, second.out]).toEqual([[''], '']);
  expect(await probeHealth({ port })).toMatchObject({ healthy: true });
});

test('a second start of the example with the same state directory and another port exits with 1 after the lock timeout', async () => {
  const home = freshDirectory();
  const first = await startListening(['--port', '0'], home);
  const second = start(['--port', String(await freePort())], home);
  expect(await second.ended).toMatchObject({ code: 1, signal: null });
  expect(second.err).toContain(`gateway already running (pid ${first.child.pid}); lock timeout after 5000ms\n`);
});

test('the example with another profile and port runs beside the first gateway', async () => {
  const home = freshDirectory();
  await startListening(['--port', '0'], home);
  await startListening(['--profile', 'rescue', '--port', '0'], home);
  expect([existsSync(join(home, '.gateway')), existsSync(join(home, '.gateway-rescue'))]).toEqual([true, true]);
});

test('the options --state-dir and --config of the example determine the lock files', async () => {
  const home = freshDirectory();
  const state = freshDirectory();
  await startListening(['--port', '0', '--state-dir', state, '--config', join(state, 'other.json')], home);
  expect(lockFiles(home)).toEqual([]);
  const names = lockFiles(state);
  expect(names).toHaveLength(2);
  expect(readFileSync(join(state, names[0]!), 'utf8')).toContain(
    `"configPath":${JSON.stringify(join(state, 'other.json'))}`,
  );
});

test('a start of the example right after kill -9 succeeds and prints the reason of the reclaim', async () => {
  const home = freshDirectory();
  const port = String(await freePort());
  const first = await startListening(['--port', port], home);
  first.child.kill('SIGKILL');
  expect(await first.ended).toMatchObject({ code: null, signal: 'SIGKILL' });
  for (const name of lockFiles(home)) writeFileSync(join(home, name), '{"pid":');
  const second = await startListening(['--port', port], home);
  expect(second.out).toMatch(/^reclaimed the lock file of an earlier gateway \(stale\)\ngateway listening on /);
});

describe.each(['SIGTERM', 'SIGINT'] as const)('the example and %s', (signal) => {
  beforeEach((ctx) => need(ctx, whyNoSignals));

  test(`on ${signal} closes the server, removes the lock files and exits with 0, even with clients connected`, async () => {
    const home = freshDirectory();
    const port = await freePort();
    const run = await startListening(['--port', String(port)], home);
    const socket = new WebSocket(`ws://127.0.0.1:${port}`);
    await once(socket, 'open');
    expect(lockFiles(home)).toHaveLength(2);
    run.child.kill(signal);
    expect((await once(socket, 'close'))[0]).toBe(1001);
    expect(await run.ended).toMatchObject({ code: 0, signal: null });
    expect(lockFiles(home)).toEqual([]);
    expect(await probeHealth({ port })).toMatchObject({ healthy: false, reason: 'ECONNREFUSED' });
  });

  test(`on ${signal} during the wait for the lock exits with 0`, async () => {
    const home = freshDirectory();
    await startListening(['--port', '0'], home);
    const port = await freePort();
    const waiting = start(['--port', String(port)], home);
    await until(() => waiting.child.exitCode !== null || isWaiting(waiting.child.pid!), 'waiting');
    waiting.child.kill(signal);
    expect(await waiting.ended).toMatchObject({ code: 0, signal: null });
    expect(waiting.err).toBe('');
  });
});

describe('the example and SIGHUP', () => {
  beforeEach((ctx) => need(ctx, whyNoInheritance));

  test('on SIGHUP the example is replaced by a new process on the same port, which can be replaced too', async () => {
    const home = freshDirectory();
    const port = await freePort();
    const run = await startListening(['--port', String(port)], home);
    const pids = [run.child.pid!];
    for (let upgrade = 0; upgrade < 2; upgrade++) {
      const socket = new WebSocket(`ws://127.0.0.1:${port}`);
      await once(socket, 'open');
      process.kill(pids.at(-1)!, 'SIGHUP');
      expect((await once(socket, 'close'))[0]).toBe(1001);
      const listening = () =>
        [...run.out.matchAll(/gateway listening on .* \(pid (\d+)\)/g)].map(([, pid]) => Number(pid));
      await until(() => listening().length === pids.length + 1, 'the successor listens', 30_000);
      pids.push(listening().at(-1)!);
      await until(() => run.out.includes(`gateway replaced by pid ${pids.at(-1)}\n`), 'the report of the predecessor');
    }
    expect(new Set(pids).size).toBe(3);
    expect(await probeHealth({ port })).toMatchObject({ healthy: true });
    process.kill(pids.at(-1)!, 'SIGTERM');
    await until(() => lockFiles(home).length === 0, 'the last gateway has closed');
    expect(run.err).toBe('');
  });
});

/**
 * Returns true once the process has loaded the addon. The process installs its signal handlers
 * before that.
 */
function isWaiting(pid: number): boolean {
  return readFileSync(`/proc/${pid}/maps`, 'utf8').includes('gateway_lock.node');
}

test.each([
  [['--port', 'http'], '--port'],
  [['--verbose'], '--verbose'],
])('the example exits with 64 for the arguments %j and names the wrong option', async (args, option) => {
  const run = start(args, freshDirectory());
  expect(await run.ended).toMatchObject({ code: 64, signal: null });
  expect(run.err).toContain(option);
  expect(run.err).toContain('Usage: npm start');
});
