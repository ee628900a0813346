// Measures both engines of gateway-lock/cluster, the lock of etcd3, and redlock in one run on real
// servers. Prints the figures as JSON.
import { fork, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DroppingProxy } from '../../test/support/cluster/dropping-proxy.ts';
import { EtcdServers } from '../../test/support/cluster/etcd-servers.ts';
import { PostgresServer } from '../../test/support/cluster/postgres-servers.ts';
import { eventually, freePorts, ServerProcess } from '../../test/support/cluster/server-process.ts';

const [root] = process.argv.slice(2);
const TTL_MS = 5000;
const [ROUNDS, CYCLES, HAND_OVERS] = [3, 60, 15];
const { bootClockMs } = createRequire(import.meta.url)(`${root}/build/Release/gateway_lock.node`);
const children = new Set();
let names = 0;

const etcd = await EtcdServers.start();
const postgres = await PostgresServer.start();
const redis = await startRedis();
const PORTS = {
  'gateway-lock etcd': etcd.ports,
  'gateway-lock postgres': [postgres.port],
  etcd3: etcd.ports,
  redlock: [redis.port],
};
const result = {};
for (const kind of Object.keys(PORTS)) result[kind] = await measure(kind);
console.log(JSON.stringify(result));
for (const child of children) child.kill('SIGKILL');
await Promise.all([etcd.stop(), postgres.remove(), redis.server.stop()]);
process.exit(0);

async function measure(kind) {
  process.stderr.write(`gateway-lock: measuring ${kind}\n`);
  return {
    acquireMs: await acquireTimes(kind),
    releaseToWaiterMs: await handOvers(kind),
    killToSameHostMs: kind.startsWith('gateway-lock') ? await repeat(5, () => killedOnSameHost(kind)) : null,
    killToOtherHostMs: await repeat(ROUNDS, () => killed(kind)),
    partition: await repeat(ROUNDS, () => partition(kind)),
    idleCpuPercent: await idle(kind),
  };
}

async function acquireTimes(kind) {
  const one = start(kind);
  await one.call('cycles', fresh(), 10);
  const taken = await one.call('cycles', fresh(), CYCLES);
  one.end();
  return spread(taken);
}

async function handOvers(kind) {
  const [one, other] = [start(kind), start(kind)];
  const taken = [];
  let [holder, waiter] = [one, other];
  const name = fresh();
  await holder.call('acquire', name);
  for (let round = 0; round < HAND_OVERS; round++) {
    const acquired = waiter.call('acquire', name);
    await pause(300);
    const releasedMs = await holder.call('release');
    taken.push((await acquired) - releasedMs);
    [holder, waiter] = [waiter, holder];
  }
  one.end();
  other.end();
  return spread(taken);
}

async function killed(kind) {
  const [one, other] = [start(kind), start(kind)];
  const name = fresh();
  await one.call('acquire', name);
  const acquired = other.call('acquire', name);
  await pause(1500);
  const killedMs = bootClockMs();
  one.child.kill('SIGKILL');
  const took = (await acquired) - killedMs;
  other.end();
  return took;
}

/**
 * Kills the gateway of a state directory while a second one waits. Returns the milliseconds until
 * the second one has started. The lock's time to live is 600 s, so it does not expire during the
 * measurement.
 */
async function killedOnSameHost(kind) {
  const stateDir = mkdtempSync(join(tmpdir(), 'gateway-lock-bench-'));
  const [port] = await freePorts(1);
  const name = fresh();
  const begin = () => {
    const url = urlOf(kind);
    const config = { url, name, ttlMs: 600_000, stateDir, port, timeoutMs: 60_000, whenListening: 'wait' };
    const env = { ...process.env, GATEWAY: JSON.stringify(config) };
    const child = fork(`${root}/test/fixtures/cluster/gateway.mjs`, {
      env,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    children.add(child);
    return { child, started: new Promise((resolve) => child.once('message', resolve)) };
  };
  const first = begin();
  await first.started;
  const second = begin();
  await pause(1500);
  const killedMs = bootClockMs();
  first.child.kill('SIGKILL');
  await second.started;
  const took = bootClockMs() - killedMs;
  second.child.kill('SIGKILL');
  rmSync(stateDir, { recursive: true, force: true });
  return took;
}

function urlOf(kind) {
  const servers = PORTS[kind].map((port) => `127.0.0.1:${port}`).join(',');
  return kind.endsWith('etcd') ? `etcd://${servers}` : `postgres://postgres@${servers}/postgres`;
}

/**
 * Returns the overlap of two holders in milliseconds: positive if both believed at the same time
 * that they held the lock.
 */
async function partition(kind) {
  const proxies = await Promise.all(PORTS[kind].map((port) => DroppingProxy.to(port)));
  const [one, other] = [
    start(
      kind,
      proxies.map(({ port }) => port),
    ),
    start(kind),
  ];
  const name = fresh();
  await one.call('acquire', name);
  await one.call('watch');
  const acquired = other.call('acquire', name);
  await pause(2000);
  for (const proxy of proxies) proxy.drop();
  const nextMs = await acquired;
  let state = await one.call('lastHeld');
  for (let waited = 0; state.held && waited < 20_000; waited += 50) {
    await pause(50);
    state = await one.call('lastHeld');
  }
  one.end();
  other.end();
  for (const proxy of proxies) proxy.close();
  return state.lastHeldMs - nextMs;
}

async function idle(kind) {
  const one = start(kind, PORTS[kind], 10_000);
  await one.call('acquire', fresh());
  await pause(1000);
  const percent = (await one.call('idle', 10_000)) * 0.1;
  one.end();
  return percent;
}

function start(kind, ports = PORTS[kind], ttlMs = TTL_MS) {
  const config = { kind, servers: ports.map((port) => `127.0.0.1:${port}`), ttlMs, root };
  const env = { ...process.env, CONTESTANT: JSON.stringify(config) };
  const child = fork(`${root}/bench/cluster/contestant.mjs`, { env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  children.add(child);
  const pending = new Map();
  let calls = 0;
  child.on('message', ({ id, value }) => pending.get(id)?.(value));
  const call = (method, ...args) =>
    new Promise((resolve) => {
      pending.set(++calls, resolve);
      child.send({ id: calls, method, args }, () => {});
    });
  const end = () => {
    child.kill('SIGKILL');
    children.delete(child);
  };
  return { child, call, end };
}

async function startRedis() {
  const [port] = await freePorts(1);
  const server = new ServerProcess([
    'redis-server',
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--appendonly',
    'no',
  ]);
  await eventually(() => {
    if (spawnSync('redis-cli', ['-p', String(port), 'ping'], { encoding: 'utf8' }).stdout.trim() !== 'PONG')
      throw new Error(server.output);
  });
  return { port, server };
}

async function repeat(count, action) {
  const values = [];
  for (let round = 0; round < count; round++) values.push(await action());
  return spread(values);
}

function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const round = (value) => Math.round(value * 10) / 10;
  return { min: round(sorted[0]), p50: round(sorted[Math.floor(sorted.length / 2)]), max: round(sorted.at(-1)) };
}

function fresh() {
  return `bench-${process.pid}-${++names}`;
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
