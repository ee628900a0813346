// The scenarios. A scenario defines the calls of a victim between the marks /torture/begin and
// /torture/end, and how the next process starts.
import { spawn } from 'node:child_process';
import { accessSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { acquireGatewayLock, acquireLock, bindExclusive, probeLock, tryAcquireLock } from 'gateway-lock';

const HOST = '127.0.0.1';
/** The time for which holdFirst() keeps the lock while the victim waits, in milliseconds. */
const HOLD_MS = 30;
/** A pid that no process can have, because it is greater than the largest pid_max. */
const DEAD_PID = 0x7ffffff0;

/** Sends a mark to the tracer, by an access(2) that always fails. */
export function mark(text) {
  try {
    accessSync(`/torture/${text}`);
  } catch {
    // Expected: the path does not exist.
  }
}

/**
 * The resources of one run. If `holding` is true, the victim holds the lock, and a failed call must
 * not release the lock.
 * @typedef {{ directory: string, port: number, cleanup: (() => unknown)[], holding?: boolean }} Fixture
 */

/** Holds the lock between the marks `held` and `released`, then releases it. */
function hold(lock, fixture) {
  if (lock === null) return 'refused';
  fixture.holding = true;
  fixture.cleanup.push(() => lock.release());
  mark('held');
  lock.verify();
  mark('released');
  fixture.holding = false;
  lock.release();
  return 'held';
}

const lockPath = ({ directory }) => join(directory, 'a.lock');
const gatewayOptions = ({ directory, port }) => ({
  stateDir: join(directory, 'state'),
  env: { HOME: directory },
  host: HOST,
  port,
});

function leaveRecord(fixture) {
  const record = { pid: DEAD_PID, createdAt: new Date(0).toISOString(), kernelLock: true, note: 'x'.repeat(500) };
  writeFileSync(lockPath(fixture), `${JSON.stringify(record)}\n`);
}

async function startGateway(fixture, options = {}) {
  const gateway = await acquireGatewayLock({ ...gatewayOptions(fixture), timeoutMs: 500, ...options });
  fixture.holding = true;
  fixture.cleanup.push(() => gateway.close({ graceMs: 0 }));
  mark('held');
  return gateway;
}

function endOf(child) {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return undefined;
  return new Promise((resolve) => {
    child.once('exit', resolve);
    child.kill('SIGKILL');
  });
}

const lockStarter = (options) => async (fixture, timeoutMs) => {
  const lock =
    timeoutMs === 0
      ? tryAcquireLock(lockPath(fixture), options)
      : await acquireLock(lockPath(fixture), { ...options, timeoutMs });
  return lock && (() => lock.release());
};

async function gatewayStarter(fixture, timeoutMs) {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      const gateway = await acquireGatewayLock({ ...gatewayOptions(fixture), timeoutMs });
      return () => gateway.close({ graceMs: 0 });
    } catch (error) {
      if (error.code !== 'ERR_GATEWAY_PORT_IN_USE' && error.code !== 'ERR_GATEWAY_LOCKED') throw error;
      if (performance.now() >= deadline) return null;
      await sleep(5);
    }
  }
}

async function bindStarter({ port }, timeoutMs) {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      const listener = bindExclusive({ host: HOST, port });
      return () => listener.close();
    } catch (error) {
      if (error.code !== 'EADDRINUSE') throw error;
      if (performance.now() >= deadline) return null;
      await sleep(5);
    }
  }
}

/**
 * The scenarios by name. `prepare` runs before the marks, and the victim calls `run` between the
 * marks. The next process calls `start`, which returns a function that releases the lock, or null
 * if the process was refused. If `holds` is true, this process holds the lock when the victim
 * starts. If `leavesChild` is true, a program that has inherited the lock may outlive the victim.
 */
export const SCENARIOS = {
  'acquire, kept file': {
    run: (fixture) => hold(tryAcquireLock(lockPath(fixture)), fixture),
    start: lockStarter({}),
  },
  'acquire, removed file': {
    run: (fixture) => hold(tryAcquireLock(lockPath(fixture), { keepFile: false }), fixture),
    start: lockStarter({ keepFile: false }),
  },
  'acquire a leftover, record': {
    prepare: leaveRecord,
    run: (fixture) => {
      const lock = tryAcquireLock(lockPath(fixture));
      if (lock === null) return 'refused';
      fixture.holding = true;
      fixture.cleanup.push(() => lock.release());
      lock.updateOwner({ note: 'updated' });
      return hold(lock, fixture);
    },
    start: lockStarter({}),
  },
  'acquire, shared': {
    run: (fixture) => hold(tryAcquireLock(lockPath(fixture), { mode: 'shared', keepFile: false }), fixture),
    start: lockStarter({ keepFile: false }),
  },
  probe: {
    prepare: leaveRecord,
    run: (fixture) => probeLock(lockPath(fixture)).state,
    start: lockStarter({}),
  },
  wait: {
    holds: true,
    run: async (fixture) => hold(await acquireLock(lockPath(fixture), { keepFile: false, timeoutMs: 2000 }), fixture),
    start: lockStarter({ keepFile: false }),
  },
  'bind, close': {
    run: async (fixture) => {
      const listener = bindExclusive({ host: HOST, port: fixture.port });
      fixture.cleanup.push(() => listener.close({ graceMs: 0 }));
      mark('held');
      mark('released');
      await listener.close();
      return 'held';
    },
    start: bindStarter,
  },
  'gateway, close': {
    run: async (fixture) => {
      const gateway = await startGateway(fixture);
      gateway.verify();
      mark('released');
      fixture.holding = false;
      await gateway.close();
      return 'held';
    },
    start: gatewayStarter,
  },
  'gateway, hand-over to a child': {
    leavesChild: true,
    run: async (fixture) => {
      const gateway = await startGateway(fixture);
      const { descriptors } = gateway.inheritance;
      const child = spawn('/bin/sleep', ['5'], {
        stdio: ['ignore', 'ignore', 'ignore', ...descriptors],
        detached: true,
      });
      fixture.cleanup.push(() => endOf(child));
      child.on('error', () => {});
      await gateway.handOverTo(child.pid);
      return 'held';
    },
    start: gatewayStarter,
  },
  'gateway, exec': {
    leavesChild: true,
    run: async (fixture, { program = '/bin/sleep' } = {}) => {
      const gateway = await startGateway(fixture);
      gateway.exec({ path: program, args: [program, '5'] });
    },
    start: gatewayStarter,
  },
};

/**
 * Holds the lock until HOLD_MS milliseconds after `begin()` or until `end()`, for scenarios in
 * which the victim waits.
 */
export async function holdFirst(name, fixture) {
  if (!SCENARIOS[name].holds) return { begin() {}, end() {} };
  let release = await SCENARIOS[name].start(fixture, 0);
  const end = () => {
    const ending = release;
    release = null;
    try {
      ending?.();
    } catch {
      // The release drops the lock even if it fails.
    }
  };
  return { begin: () => setTimeout(end, HOLD_MS), end };
}

/** Empties the directory and prepares it for the scenario. */
export function prepare(name, directory, port) {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const fixture = { directory, port, cleanup: [] };
  if (name.startsWith('gateway')) mkdirSync(join(directory, 'state'));
  SCENARIOS[name].prepare?.(fixture);
  return fixture;
}

/**
 * After all processes of a run have ended, returns false if probeLock() finds a holder. Returns
 * true for scenarios of listeners and gateways, because they have no lock file to probe.
 */
export function isFree(name, fixture) {
  if (name === 'bind, close' || name.startsWith('gateway')) return true;
  return !existsSync(lockPath(fixture)) || probeLock(lockPath(fixture)).state !== 'held';
}
