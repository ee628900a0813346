// Compares the addon with its hand-written types, and calls its functions with arguments that the
// TypeScript code never passes.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { ListenerId, LockId, NativeBinding, WaiterId } from '../../src/native/binding.js';
import { native } from '../../src/native/load.js';
import { need } from '../support/capabilities.js';
import { freshDirectory } from '../support/directories.js';
import { until } from '../support/until.js';

const types = readFileSync(new URL('../../src/native/binding.ts', import.meta.url), 'utf8');
const addon = native();

const listen = (): ListenerId => {
  const listener = addon.listen('127.0.0.1', 0, 1);
  onTestFinished(() => addon.closeListener(listener));
  return listener;
};
const acquire = (): LockId => {
  const lock = addon.tryAcquire(join(freshDirectory(), 'a.lock'), 0) as LockId;
  onTestFinished(() => addon.unlock(lock));
  return lock;
};

const createWaiter = (): WaiterId => {
  const waiter = addon.createWaiter(join(freshDirectory(), 'a.lock'), 0, () => {});
  onTestFinished(() => addon.closeWaiter(waiter));
  return waiter;
};

describe('the types in src/native/binding.ts', () => {
  test('the types declare exactly the exports of the addon', () => {
    expect(Object.keys(addon).sort()).toEqual(membersOf('NativeBinding'));
  });

  test('the types declare exactly the properties that probeLock() of the addon returns', () => {
    expect(Object.keys(addon.probeLock(join(freshDirectory(), 'none'), 0)).sort()).toEqual(
      [...membersOf('LockFileContent'), ...membersOf('NativeLockProbe')].sort(),
    );
  });
});

const NO_STRING = [undefined, null, 5, true, {}, [], ['a'], Symbol('a'), 1n, () => 'a', Object('a'), new Proxy({}, {})];
const NO_BOOLEAN = [undefined, null, 0, 1, 'true', {}, Symbol('a'), Object(true)];
const NO_FUNCTION = [undefined, null, 5, true, 'a', {}, Symbol('a')];
const NO_PORT = [
  undefined,
  null,
  '80',
  true,
  {},
  Symbol('a'),
  1n,
  Number.NaN,
  -1,
  65536,
  1.5,
  Infinity,
  -Infinity,
  2 ** 53,
  Object(80),
];
const NO_FLAGS = [undefined, null, '1', true, Number.NaN, -1, 64, 0.5, Infinity, 1n];
const NO_BACKLOG = [undefined, null, '1', Number.NaN, 0, -1, 2 ** 31, 0.5, Infinity];
const NO_PID = [undefined, null, '1', Number.NaN, -1, 2 ** 31, 0.5, Infinity, 1n];
const NO_LOCK = [undefined, null, '1', Number.NaN, -1, 2 ** 54, 0.5, Infinity, 1n, {}];
const NO_DESCRIPTOR = [undefined, null, '3', Number.NaN, -1, 2 ** 31, 0.5, Infinity, 1n];
const NO_DESCRIPTORS = [undefined, null, 3, '3', { 0: 3 }, [-1], ['3'], [null]];
const NO_STRINGS = [undefined, null, 'a', 5, { 0: 'a' }, [5], ['a', null]];

/** Linux and macOS limit the number of descriptors to less than this. */
const NO_OPEN_DESCRIPTOR = 2 ** 31 - 1;

/** For each argument of each export: a valid value and a list of invalid values. */
const SIGNATURES: Readonly<Partial<Record<keyof NativeBinding, readonly (readonly [unknown, readonly unknown[]])[]>>> =
  {
    tryAcquire: [
      ['/nowhere/a.lock', NO_STRING],
      [0, NO_FLAGS],
    ],
    isHeld: [[0, NO_LOCK]],
    descriptorOf: [[0, NO_LOCK]],
    strengthOf: [[0, NO_LOCK]],
    isBlank: [[0, NO_LOCK]],
    undo: [[0, NO_LOCK]],
    isHeldInOtherView: [
      ['/nowhere/a.lock', NO_STRING],
      [1, NO_PID],
    ],
    isSqliteLocked: [['/nowhere/a.lock.sqlite', NO_STRING]],
    readContent: [[0, NO_LOCK]],
    writeRecord: [
      [0, NO_LOCK],
      ['who', NO_STRING],
    ],
    isFileInPlace: [[0, NO_LOCK]],
    handOver: [[0, NO_LOCK]],
    release: [[0, NO_LOCK]],
    unlock: [[0, NO_LOCK]],
    retry: [[0, NO_LOCK]],
    holderRecord: [[0, NO_LOCK]],
    watch: [
      [0, NO_LOCK],
      [0, NO_PID],
    ],
    closeWaiter: [[0, NO_LOCK]],
    addressOf: [[0, NO_LOCK]],
    portOf: [[0, NO_LOCK]],
    socketOf: [[0, NO_LOCK]],
    lendListener: [[0, NO_LOCK]],
    recallListener: [[0, NO_LOCK]],
    detachListener: [[0, NO_LOCK]],
    closeListener: [[0, NO_LOCK]],
    probeLock: [
      ['/nowhere/a.lock', NO_STRING],
      [0, NO_FLAGS],
    ],
    ensureLockDirectory: [
      ['/nowhere/a', NO_STRING],
      [false, NO_BOOLEAN],
    ],
    listen: [
      ['127.0.0.1', NO_STRING],
      [0, NO_PORT],
      [1, NO_BACKLOG],
    ],
    listenBeside: [
      ['127.0.0.1', NO_STRING],
      [0, NO_PORT],
      [1, NO_BACKLOG],
    ],
    tryBind: [
      ['127.0.0.1', NO_STRING],
      [0, NO_PORT],
    ],
    probePort: [
      ['127.0.0.1', NO_STRING],
      [1, NO_PORT],
    ],
    hasListener: [
      ['127.0.0.1', NO_STRING],
      [1, NO_PORT],
    ],
    createWaiter: [
      ['/nonexistent/a.lock', NO_STRING],
      [0, NO_FLAGS],
      [() => {}, NO_FUNCTION],
    ],
    findListenerPid: [
      ['127.0.0.1', NO_STRING],
      [1, NO_PORT],
    ],
    findConnectionPid: [
      ['127.0.0.1', NO_STRING],
      [1, NO_PORT],
    ],
    processStartToken: [[process.pid, NO_PID]],
    processStartMs: [[process.pid, NO_PID]],
    commandLine: [[process.pid, NO_PID]],
    exec: [
      ['/nowhere/program', NO_STRING],
      [['program'], NO_STRINGS],
      [['A=b'], NO_STRINGS],
      [[], NO_DESCRIPTORS],
    ],
    adoptLock: [
      ['/nowhere/a.lock', NO_STRING],
      [NO_OPEN_DESCRIPTOR, NO_DESCRIPTOR],
      [0, NO_FLAGS],
    ],
    relock: [[0, NO_LOCK]],
    leaveLock: [[0, NO_LOCK]],
    adoptListener: [
      [NO_OPEN_DESCRIPTOR, NO_DESCRIPTOR],
      ['127.0.0.1', NO_STRING],
      [1, NO_PORT],
    ],
    copyListener: [[NO_OPEN_DESCRIPTOR, NO_DESCRIPTOR]],
    shutdownListener: [[0, NO_LOCK]],
    setBlocking: [[0, NO_LOCK]],
    takeToken: [[NO_OPEN_DESCRIPTOR, NO_DESCRIPTOR]],
    endWrites: [[NO_OPEN_DESCRIPTOR, NO_DESCRIPTOR]],
    notify: [
      ['/nowhere/notify', NO_STRING],
      ['READY=1', NO_STRING],
    ],
    openNotifySocket: [['/nowhere/notify', NO_STRING]],
    readNotification: [[0, NO_LOCK]],
    closeNotifySocket: [[0, NO_LOCK]],
    // Signal 0 is never delivered, and no process has the start token 2 ** 53.
    sendSignal: [
      [process.pid, [...NO_PID, 0]],
      [2 ** 53, NO_LOCK],
      [0, [...NO_PID, 65]],
    ],
    reapOrphans: [[[process.pid], NO_DESCRIPTORS]],
    findLockHolders: [['/nowhere/a.lock', NO_STRING]],
    findConnectionOwner: [
      ['127.0.0.1', NO_STRING],
      [1, NO_PORT],
      [1, [...NO_PORT, 0]],
    ],
  };

describe('the exports of the addon and invalid arguments', () => {
  test.each(Object.keys(SIGNATURES) as (keyof NativeBinding)[])(
    '%s() throws a TypeError that names the position of an invalid argument',
    (name) => {
      const signature = SIGNATURES[name]!;
      const good = signature.map(([value]) => value);
      signature.forEach(([, bad], index) => {
        for (const value of bad) {
          const call = () => Reflect.apply(addon[name], addon, good.with(index, value));
          expect(call, `${name}, argument ${index} = ${String(value)}`).toThrow(TypeError);
          expect(call).toThrow(`argument ${index} must be`);
        }
      });
      expect(() => Reflect.apply(addon[name], addon, [])).toThrow('argument 0 must be');
    },
  );

  test('the table of signatures contains every export that has arguments', () => {
    const takesNone = membersOf('NativeBinding').filter((name) =>
      new RegExp(`^  ${name}\\(\\)`, 'm').test(bodyOf('NativeBinding')),
    );
    expect([...Object.keys(SIGNATURES), ...takesNone].sort()).toEqual(membersOf('NativeBinding'));
  });

  test('writeRecord() throws a TypeError that names the position of an invalid argument', () => {
    const lock = acquire();
    for (const value of NO_STRING) expect(() => addon.writeRecord(lock, value as string)).toThrow(TypeError);
    expect(addon.readContent(lock)).toEqual({ text: '', size: 0, hasOtherNames: false });
  });

  test('watch() throws a TypeError that names the position of an invalid argument', () => {
    const waiter = createWaiter();
    // This waiter has made no attempt yet, so the lock file may not exist.
    expect(addon.watch(waiter, 0)).toMatch(/^(nothing|gone)$/);
  });

  test.each(['', 'localhost', 'example.org', '127.1.1.1.1', '127.0.0.1 ', '::1%none', 'x'.repeat(100_000)])(
    'listen(), tryBind() and probePort() fail with EINVAL, without name resolution, for the host "%.20s"',
    (address) => {
      for (const call of [
        () => addon.listen(address, 0, 1),
        () => addon.tryBind(address, 1),
        () => addon.probePort(address, 1),
      ]) {
        expect(call).toThrow(expect.objectContaining({ code: 'EINVAL', address }));
      }
      expect(addon.findListenerPid(address, 1)).toBe(0);
    },
  );
});

describe('the ids of the objects of the addon', () => {
  test('the id of a closed waiter watches nothing and wakes no waiter, and a second close does nothing', async () => {
    const lock = acquire();
    const path = join(freshDirectory(), 'b.lock');
    const holder = addon.tryAcquire(path, 0) as LockId;
    addon.writeRecord(holder, 'who');
    let woken = 0;
    const waiter = addon.createWaiter(path, 0, () => void woken++);
    expect(addon.retry(waiter)).toBe('who');
    expect(addon.watch(waiter, process.pid)).toBe('owner');
    addon.closeWaiter(waiter);
    addon.closeWaiter(waiter);
    addon.release(holder);
    expectNoWaiter(waiter);
    for (let turns = 0; turns < 10; turns++) await new Promise((resolve) => setImmediate(resolve));
    expect([woken, addon.isHeld(lock)]).toEqual([0, true]);
  });

  test('a wake-up callback may close the same or another waiter', async () => {
    const path = join(freshDirectory(), 'b.lock');
    const holder = addon.tryAcquire(path, 0) as LockId;
    let woken = 0;
    const closeBoth = () => {
      woken++;
      for (const waiter of waiters) addon.closeWaiter(waiter);
    };
    const waiters = [1, 2].map(() => addon.createWaiter(path, 0, closeBoth));
    for (const waiter of waiters) {
      addon.retry(waiter);
      addon.watch(waiter, 0);
    }
    addon.release(holder);
    await until(() => woken > 0, 'a waiter is woken');
    for (const waiter of waiters) expectNoWaiter(waiter);
    await sleep(100);
    expect(woken).toBe(1);
  });

  test('the id of a closed listener has no descriptor, and a second close or detach does nothing', () => {
    const listener = listen();
    expect(addon.socketOf(listener)).toBeGreaterThan(2);
    expect(addon.addressOf(listener)).toBe('127.0.0.1');
    expect(addon.portOf(listener)).toBeGreaterThan(0);
    addon.closeListener(listener);
    expectNoListener(listener);
  });

  test.each(['release', 'unlock', 'leaveLock'] as const)(
    'the id of a lock reads and writes no descriptor after %s(), and a second release does nothing',
    (drop) => {
      const lock = acquire();
      addon[drop](lock);
      expectNotHeld(lock);
    },
  );

  test.each([0, 12_345, 2 ** 53])('%d is not the id of a lock', expectNotHeld);
  test.each([0, 12_345, 2 ** 53])('%d is not the id of a listener', expectNoListener);
  test.each([0, 12_345, 2 ** 32 - 1])('%d is not the id of a waiter', expectNoWaiter);

  test('the id of a closed object is never used again', () => {
    const path = join(freshDirectory(), 'a.lock');
    const first = addon.tryAcquire(path, 0) as LockId;
    expect(addon.release(first)).toBe(true);
    const second = addon.tryAcquire(path, 0) as LockId;
    expect(addon.release(first)).toBe(false);
    expect([addon.isHeld(first), addon.isHeld(second)]).toEqual([false, true]);
    addon.release(second);
  });
});

function expectNotHeld(lock: LockId): void {
  expect([addon.isHeld(lock), addon.descriptorOf(lock), addon.isFileInPlace(lock)]).toEqual([false, -1, false]);
  expect(() => addon.writeRecord(lock, 'late')).toThrow(expect.objectContaining({ code: 'EBADF' }));
  expect(() => addon.readContent(lock)).toThrow(expect.objectContaining({ code: 'EBADF' }));
  addon.handOver(lock);
  expect([addon.release(lock), addon.relock(lock)]).toEqual([false, false]);
  addon.unlock(lock);
  addon.leaveLock(lock);
}

function expectNoListener(listener: ListenerId): void {
  addon.detachListener(listener);
  addon.closeListener(listener);
  expect([addon.socketOf(listener), addon.portOf(listener), addon.addressOf(listener)]).toEqual([-1, 0, '']);
}

function expectNoWaiter(waiter: WaiterId): void {
  addon.closeWaiter(waiter);
  expect([addon.retry(waiter), addon.holderRecord(waiter), addon.watch(waiter, 0)]).toEqual(['', '', 'nothing']);
}

/** Returns the sorted names of the members of an interface. */
function membersOf(name: string): string[] {
  return [...bodyOf(name).matchAll(/^ {2}(?:readonly )?(\w+)[(:]/gm)].map((match) => match[1]!).sort();
}

function bodyOf(name: string): string {
  return new RegExp(`interface ${name}(?: extends \\w+)? \\{\\n(.*?)\\n\\}`, 's').exec(types)![1]!;
}

describe('bootClockMs()', () => {
  test('advances with the other clocks of this process while the machine is awake', async () => {
    const before = performance.now();
    const start = addon.bootClockMs();
    await sleep(100);
    const counted = addon.bootClockMs() - start;
    // The clock of Windows advances in steps of 10 to 16 ms. A timer may fire 1 ms early.
    expect(counted).toBeGreaterThan(80);
    expect(counted).toBeLessThan(performance.now() - before + 20);
  });

  test('returns the time since boot on Linux', (ctx) => {
    // Under Wine the file /proc/uptime exists, but bootClockMs() uses the clock of Wine.
    need(ctx, process.platform === 'linux' ? null : 'this system has no /proc/uptime');
    const before = addon.bootClockMs();
    const uptime = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1000;
    expect(uptime).toBeGreaterThan(before - 10);
    expect(uptime).toBeLessThan(addon.bootClockMs() + 10);
  });
});
