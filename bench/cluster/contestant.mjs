// Runs one client of a lock library in its own process. Executes the commands that the parent sends
// over IPC.
import { createRequire } from 'node:module';

const { kind, servers, ttlMs, root } = JSON.parse(process.env.CONTESTANT);
const { bootClockMs } = createRequire(import.meta.url)(`${root}/build/Release/gateway_lock.node`);
const KINDS = { 'gateway-lock etcd': ours, 'gateway-lock postgres': ours, etcd3, redlock };
const acquire = await KINDS[kind]();
let held;
let lastHeldMs = 0;

process.on('disconnect', () => process.exit(0));
process.on('unhandledRejection', () => {});
process.on('message', async ({ id, method, args = [] }) => {
  process.send({ id, value: await COMMANDS[method](...args) });
});

const COMMANDS = {
  acquire: async (name) => {
    held = await acquire(name);
    return bootClockMs();
  },
  release: async () => {
    const startMs = bootClockMs();
    await held.release();
    return startMs;
  },
  /** Acquires and releases `count` free locks. Returns the time of each acquire in milliseconds. */
  cycles: async (name, count) => {
    const times = [];
    for (let index = 0; index < count; index++) {
      const startMs = bootClockMs();
      const lock = await acquire(`${name}-${index}`);
      times.push(bootClockMs() - startMs);
      await lock.release();
    }
    return times;
  },
  /**
   * Checks every 5 ms whether the client believes that it holds the lock, and records the last time
   * that it did.
   */
  watch: async () => {
    setInterval(() => {
      const nowMs = bootClockMs();
      if (held.isHeld()) lastHeldMs = nowMs;
    }, 5);
  },
  lastHeld: async () => ({ lastHeldMs, held: held.isHeld() }),
  /** Measures the CPU time while the client holds a lock, in milliseconds per second. */
  idle: async (ms) => {
    const before = process.cpuUsage();
    await new Promise((resolve) => setTimeout(resolve, ms));
    const { user, system } = process.cpuUsage(before);
    return (user + system) / ms;
  },
};

/** This package's lock, gateway-lock/cluster. */
async function ours() {
  const { clusterEngine } = await import(`${root}/dist/cluster/index.js`);
  const scheme = kind.endsWith('etcd') ? 'etcd://' : 'postgres://postgres@';
  const engine = clusterEngine(`${scheme}${servers.join(',')}${kind.endsWith('etcd') ? '' : '/postgres'}`, {});
  return async (name) => {
    const lock = await engine.acquire(name, { ttlMs, timeoutMs: 120_000 });
    return { release: () => lock.release(), isHeld: () => lock.held };
  };
}

/**
 * The lock of the package etcd3. Polls, because etcd3's acquire() does not wait. The lock is lost
 * when its lease emits `lost`.
 */
async function etcd3() {
  const { Etcd3 } = await import('etcd3');
  const client = new Etcd3({ hosts: servers.map((server) => `http://${server}`) });
  return async (name) => {
    for (;;) {
      const lock = client.lock(name).ttl(ttlMs / 1000);
      try {
        await lock.acquire();
        let lost = false;
        lock.lease.on('lost', () => {
          lost = true;
        });
        return { release: () => lock.release(), isHeld: () => !lost };
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  };
}

/**
 * The lock of the package redlock. Renews the lock whenever a third of its time to live has passed.
 * The lock is considered held until Date.now() reaches the expiration that redlock reports.
 */
async function redlock() {
  const [{ default: Redis }, { default: Redlock }] = await Promise.all([import('ioredis'), import('redlock')]);
  const [host, port] = servers[0].split(':');
  const redis = new Redis({ host, port: Number(port), maxRetriesPerRequest: null });
  redis.on('error', () => {});
  const client = new Redlock([redis], { retryCount: -1, retryDelay: 20, retryJitter: 0 });
  client.on('error', () => {});
  return async (name) => {
    let lock = await client.acquire([name], ttlMs);
    const timer = setInterval(async () => {
      lock = await lock.extend(ttlMs).catch(() => lock);
    }, ttlMs / 3);
    const release = async () => {
      clearInterval(timer);
      await lock.release();
    };
    return { release, isHeld: () => Date.now() < lock.expiration };
  };
}
