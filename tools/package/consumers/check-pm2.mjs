// node check-pm2.mjs: runs the recipe's program under PM2, checks that PM2 leaves a duplicate
// stopped instead of restarting it, and that `pm2 stop` frees the lock. PM2's daemon ends with the
// check.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bindExclusive, probeHealth } from 'gateway-lock';
import { CLIENTS } from './recipe-clients.mjs';

const LIMIT_MS = 60_000;
const listener = bindExclusive({ port: 0 });
const { port } = listener.address;
await listener.close();
const home = mkdtempSync(join(tmpdir(), 'gateway-lock-recipe-'));
const env = { ...process.env, HOME: home, PM2_HOME: join(home, '.pm2'), GATEWAY_GATEWAY_PORT: String(port) };
writeFileSync(
  'duplicate.config.cjs',
  `module.exports = { apps: [{ ...require('./ecosystem.config.cjs').apps[0], name: 'duplicate' }] };`,
);

process.once('SIGTERM', () => process.exit(1));
process.once('exit', () => pm2('kill'));
pm2('start', 'ecosystem.config.cjs');
await until(async () => (await probeHealth({ port })).healthy, 'the program serves /healthz');
console.log('served');
pm2('start', 'duplicate.config.cjs');
await until(() => app('duplicate').status === 'stopped', 'the duplicate is stopped');
console.log(`the duplicate is stopped after ${app('duplicate').restart_time} restarts`);
const client = await CLIENTS.http(port);
pm2('stop', 'gateway');
console.log(`the client sees: ${await client.end}`);
await bindExclusive({ port }).close();
console.log('the port is free');

function app(name) {
  return JSON.parse(pm2('jlist')).find((one) => one.name === name).pm2_env;
}

function pm2(...args) {
  const stdio = ['ignore', 'pipe', 'inherit'];
  return execFileSync('pm2', args, { env, encoding: 'utf8', stdio, timeout: LIMIT_MS });
}

async function until(condition, what) {
  for (const deadline = performance.now() + LIMIT_MS; performance.now() < deadline; await sleep(200))
    if (await condition()) return;
  throw new Error(`not within ${LIMIT_MS} ms: ${what}`);
}
