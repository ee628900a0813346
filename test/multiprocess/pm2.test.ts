// Gateways as apps of a real PM2.
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freshDirectory } from '../support/directories.js';
import { freePort } from '../support/free-port.js';
import { blocksOf, ROOT } from '../support/markdown.js';
import { type Pm2, pm2OfThisTest } from '../support/pm2.js';
import { until } from '../support/until.js';

const SUPERVISED = join(ROOT, 'test/fixtures/supervised-gateway.mjs');

/** Returns a program that can import gateway-lock, and the variables that give it its own state and port. */
async function program() {
  const directory = freshDirectory();
  mkdirSync(join(directory, 'node_modules'));
  symlinkSync(ROOT, join(directory, 'node_modules/gateway-lock'));
  const port = await freePort();
  const env = { GATEWAY_GATEWAY_PORT: String(port), GATEWAY_STATE_DIR: join(directory, 'state') };
  return { path: join(directory, 'gateway.mjs'), port, env };
}

/** Returns the body of the response, or null if the port refuses the connection. */
async function fetchText(port: number): Promise<string | null> {
  return fetch(`http://127.0.0.1:${port}/healthz`).then(
    (response) => response.text(),
    () => null,
  );
}

async function servingPid(port: number): Promise<number | null> {
  const text = await fetchText(port);
  return text === null ? null : (JSON.parse(text) as { pid: number }).pid;
}

async function pids(pm2: Pm2): Promise<number[]> {
  return (await pm2.processes()).map(({ pid }) => pid);
}

test('after pm2 reload of the example in README.md in cluster mode, the new process serves', async (ctx) => {
  const pm2 = pm2OfThisTest(ctx);
  const { path, port, env } = await program();
  const example = blocksOf('README.md', 'js')[0]!;
  // The example answers without its pid, and PM2 stops apps with SIGINT.
  writeFileSync(path, `process.once('SIGINT', () => process.emit('SIGTERM'));\n${example}`);
  await pm2.run(['start', path, '--name', 'gateway', '-i', '1'], env);
  await until(async () => (await fetchText(port)) !== null, 'the first gateway', 20_000);
  const [first] = await pids(pm2);
  await pm2.run(['reload', 'gateway'], env);
  await until(async () => (await fetchText(port)) !== null, 'the second gateway', 20_000);
  const [second] = await pids(pm2);
  expect(second).not.toBe(first);
}, 120_000);

test('in cluster mode a second instance of a supervised gateway waits, and serves after kill -9 of the first and after pm2 reload', async (ctx) => {
  const pm2 = pm2OfThisTest(ctx);
  const { path, port, env } = await program();
  copyFileSync(SUPERVISED, path);
  await pm2.run(['start', path, '--name', 'gateway', '-i', '2'], env);
  await until(async () => (await servingPid(port)) !== null, 'the first gateway', 20_000);
  const before = await pids(pm2);
  const first = (await servingPid(port))!;
  process.kill(first, 'SIGKILL');
  const standby = before.find((pid) => pid !== first);
  await until(async () => (await servingPid(port)) === standby, 'the standby serves', 20_000);
  await pm2.run(['reload', 'gateway'], env);
  const after = await pids(pm2);
  expect(after.filter((pid) => before.includes(pid))).toEqual([]);
  await until(async () => after.includes((await servingPid(port)) ?? 0), 'a new gateway serves', 20_000);
}, 180_000);

test('in fork mode PM2 does not restart a duplicate of a healthy gateway if stop_exit_codes contains 0', async (ctx) => {
  const pm2 = pm2OfThisTest(ctx);
  const { path, port, env } = await program();
  copyFileSync(SUPERVISED, path);
  await pm2.run(['start', path, '--name', 'gateway', '--stop-exit-codes', '0'], env);
  await until(async () => (await servingPid(port)) !== null, 'the gateway', 20_000);
  const serving = await servingPid(port);
  await pm2.run(['start', path, '--name', 'duplicate', '--force', '--stop-exit-codes', '0'], env);
  const duplicate = async () => (await pm2.processes()).find(({ name }) => name === 'duplicate')!.pm2_env;
  await until(async () => (await duplicate()).status === 'stopped', 'the end of the duplicate', 20_000);
  expect((await duplicate()).restart_time).toBe(0);
  expect(await servingPid(port)).toBe(serving);
}, 120_000);
