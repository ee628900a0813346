// What a victim does between the marks /torture/begin and /torture/end, and what a starter does that comes after it.
import { spawn } from 'node:child_process';
import { accessSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { acquireGatewayLock, acquireLock, bindExclusive, probeLock, tryAcquireLock } from 'gateway-lock';

const HOST = '127.0.0.1';
/** Milliseconds for which a waiter's holder keeps the lock. */
const HOLD_MS = 30;
/** A process number that no process has: above the largest pid_max. */
const DEAD_PID = 0x7ffffff0;

/** The tracer takes note; for the victim it is an access(2) that fails. */
export function mark(text) {
  try {
    accessSync(`/torture/${text}`);
  } catch {
    // There is no such path.
  }
}

/**
 * `holding`: the victim has the lock, and no call that failed meanwhile is to end that.
 * @typedef {{ directory: string, port: number, cleanup: (() => unknown)[], holding?: boolean }} Place
 */

/** Acquires, is a holder, releases. */
function hold(lock, place) {
  if (lock === null) return 'refused';
  place.holding = true;
  place.cleanup.push(() => lock.release());
  mark('held');
  lock.verify();
  mark('released');
  place.holding = false;
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

function leaveRecord(place) {
  const record = { pid: DEAD_PID, createdAt: new Date(0).toISOString(), kernelLock: true, note: 'x'.repeat(500) };
  writeFileSync(lockPath(place), `${JSON.stringify(record)}\n`);
}

async function startGateway(place, options = {}) {
  const gateway = await acquireGatewayLock({ ...gatewayOptions(place), timeoutMs: 500, ...options });
  place.holding = true;
  place.cleanup.push(() => gateway.close({ graceMs: 0 }));
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

const lockStarter = (options) => async (place, timeoutMs) => {
  const lock =
    timeoutMs === 0
      ? tryAcquireLock(lockPath(place), options)
      : await acquireLock(lockPath(place), { ...options, timeoutMs });
  return lock && (() => lock.release());
};

async function gatewayStarter(place, timeoutMs) {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      const gateway = await acquireGatewayLock({ ...gatewayOptions(place), timeoutMs });
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
 * `prepare`: before the marks. `holds`: another process holds the lock when the victim comes. `start`: the next starter; null if
 * it is refused. `leavesChild`: a program that inherits may outlive the victim. `execs`: the victim becomes another program.
 */
export const SCENARIOS = {
  'acquire, kept file': {
    run: (place) => hold(tryAcquireLock(lockPath(place)), place),
    start: lockStarter({}),
  },
  'acquire, removed file': {
    run: (place) => hold(tryAcquireLock(lockPath(place), { keepFile: false }), place),
    start: lockStarter({ keepFile: false }),
  },
  'acquire a leftover, record': {
    prepare: leaveRecord,
    run: (place) => {
      const lock = tryAcquireLock(lockPath(place));
      if (lock === null) return 'refused';
      place.holding = true;
      place.cleanup.push(() => lock.release());
      lock.updateOwner({ note: 'updated' });
      return hold(lock, place);
    },
    start: lockStarter({}),
  },
  'acquire, shared': {
    run: (place) => hold(tryAcquireLock(lockPath(place), { mode: 'shared', keepFile: false }), place),
    start: lockStarter({ keepFile: false }),
  },
  probe: {
    prepare: leaveRecord,
    run: (place) => probeLock(lockPath(place)).state,
    start: lockStarter({}),
  },
  wait: {
    holds: true,
    run: async (place) => hold(await acquireLock(lockPath(place), { keepFile: false, timeoutMs: 2000 }), place),
    start: lockStarter({ keepFile: false }),
  },
  'bind, close': {
    run: async (place) => {
      const listener = bindExclusive({ host: HOST, port: place.port });
      place.cleanup.push(() => listener.close({ graceMs: 0 }));
      mark('held');
      mark('released');
      await listener.close();
      return 'held';
    },
    start: bindStarter,
  },
  'gateway, close': {
    run: async (place) => {
      const gateway = await startGateway(place);
      gateway.verify();
      mark('released');
      place.holding = false;
      await gateway.close();
      return 'held';
    },
    start: gatewayStarter,
  },
  'gateway, hand-over to a child': {
    leavesChild: true,
    run: async (place) => {
      const gateway = await startGateway(place);
      const { descriptors } = gateway.inheritance;
      const child = spawn('/bin/sleep', ['5'], {
        stdio: ['ignore', 'ignore', 'ignore', ...descriptors],
        detached: true,
      });
      place.cleanup.push(() => endOf(child));
      child.on('error', () => {});
      await gateway.handOverTo(child.pid);
      return 'held';
    },
    start: gatewayStarter,
  },
  'gateway, exec': {
    execs: true,
    leavesChild: true,
    run: async (place, { program = '/bin/sleep' } = {}) => {
      const gateway = await startGateway(place);
      gateway.exec({ path: program, args: [program, '5'] });
    },
    start: gatewayStarter,
  },
};

/** For a scenario that waits: this process holds the lock until HOLD_MS after `begin()`, or until `end()`. */
export async function holdFirst(name, place) {
  if (!SCENARIOS[name].holds) return { begin() {}, end() {} };
  let release = await SCENARIOS[name].start(place, 0);
  const end = () => {
    const ending = release;
    release = null;
    try {
      ending?.();
    } catch {
      // An injected failure: the lock is free all the same.
    }
  };
  return { begin: () => setTimeout(end, HOLD_MS), end };
}

/** An empty place for the scenario. */
export function prepare(name, directory, port) {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const place = { directory, port, cleanup: [] };
  if (name.startsWith('gateway')) mkdirSync(join(directory, 'state'));
  SCENARIOS[name].prepare?.(place);
  return place;
}

/** What a starter finds once all others have ended: nothing that names a holder. */
export function isInert(name, place) {
  if (name === 'bind, close' || name.startsWith('gateway')) return true;
  return !existsSync(lockPath(place)) || probeLock(lockPath(place)).state !== 'held';
}
