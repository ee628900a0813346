// A client that repeatedly acquires a lock, holds it for longer than its time to live, and releases
// it. Logs each read of `held === true`, and writes to a fenced resource with the lock's token.
import { appendFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { createInterface, type Interface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { ClusterEngine, ClusterLock } from '../../../../src/cluster/index.js';

type ClusterModule = typeof import('../../../../src/cluster/index.js');

/** A worker's configuration, passed as JSON in the environment variable HISTORY_WORKER. */
export interface WorkerConfig {
  /** The URL of the module under test: dist/cluster/index.js, or a build with a planted fault. */
  readonly module: string;
  /** The path of the addon, which provides the clock of the oracle. */
  readonly addon: string;
  readonly kind: 'etcd' | 'postgres';
  /** The `host:port` at which this worker reaches each server. */
  readonly servers: readonly string[];
  readonly locks: readonly string[];
  readonly ttlMs: number;
  readonly resourcePort: number;
  readonly log: string;
}

const config: WorkerConfig = JSON.parse(process.env['HISTORY_WORKER']!);
const cluster: ClusterModule = await import(config.module);
const addon = { exports: {} as { bootClockMs(): number } };
process.dlopen(addon, config.addon);
const nowMs = () => addon.exports.bootClockMs();

process.on('message', (message: { blockMs: number }) => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, message.blockMs);
});
process.on('disconnect', () => process.exit(0));
process.on('uncaughtException', (error) => {
  log('crash', error.stack?.replaceAll('\n', ' | '));
  process.exit(1);
});

const resource = await connectResource();
for (;;) await round();

async function round(): Promise<void> {
  const name = config.locks[Math.floor(Math.random() * config.locks.length)]!;
  try {
    const lock = await engine().acquire(name, { ttlMs: config.ttlMs, timeoutMs: 4 * config.ttlMs });
    await hold(lock);
    await lock.release();
  } catch (error) {
    log('error', (error as { code?: string }).code ?? (error as Error).stack?.replaceAll('\n', ' | '));
    await sleep(200);
  }
}

async function hold(lock: ClusterLock): Promise<void> {
  const untilMs = nowMs() + config.ttlMs * (1.2 + Math.random());
  lock.onLost((error) => log('lost', lock.name, error.code));
  // Writes the token first, so that from now on the resource rejects writes from older holders.
  const response = await resource.write(`${lock.name} ${lock.token}`);
  if (response === 'rejected' && lock.held) log('fenced', lock.name, lock.token);
  for (;;) {
    const atMs = nowMs();
    if (!lock.held) return;
    log('held', lock.name, lock.token, atMs);
    void resource.write(`${lock.name} ${lock.token}`);
    if (atMs > untilMs) return;
    await sleep(10);
  }
}

function engine(): ClusterEngine {
  if (config.kind === 'etcd')
    return cluster.etcdEngine({ endpoints: config.servers.map((server) => `http://${server}`) });
  return cluster.postgresEngine({
    connect: config.servers.map((server) => async () => {
      const client = new pg.Client({ connectionString: `postgres://postgres@${server}/postgres` });
      client.on('error', () => {});
      await client.connect();
      return client;
    }),
  });
}

function log(...fields: unknown[]): void {
  appendFileSync(config.log, `${fields.join(' ')}\n`);
}

async function connectResource() {
  const socket: Socket = connect(config.resourcePort, '127.0.0.1');
  const lines: Interface = createInterface(socket).on('error', () => process.exit(0));
  const waiting: ((response: string) => void)[] = [];
  lines.on('line', (line) => waiting.shift()?.(line));
  return {
    write: (line: string) =>
      new Promise<string>((resolve) => {
        waiting.push(resolve);
        socket.write(`${line}\n`);
      }),
  };
}
