// The addon against its hand-written types, and against callers that the TypeScript above it never lets through.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { ListenerId, LockId, NativeBinding, WaiterId } from '../../src/native/binding.js';
import { native } from '../../src/native/load.js';
import { need } from '../support/capabilities.js';
import { freshDirectory, until } from '../support/places.js';

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
  const contender = addon.createWaiter(join(freshDirectory(), 'a.lock'), 0, () => {});
  onTestFinished(() => addon.closeWaiter(contender));
  return contender;
};

describe('the names of the addon are those of src/native/binding.ts', () => {
  test('its exports', () => {
    expect(Object.keys(addon).sort()).toEqual(membersOf('NativeBinding'));
  });

  test('probeLock()', () => {
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
const NO_STRINGS = [undefined, null, 'a', 5, { 0: 'a' }, [5], ['a', null]];

/** A good value and the bad ones, argument by argument. */
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
      [[], [undefined, null, 3, '3', { 0: 3 }, [-1], ['3'], [null]]],
    ],
  };

describe('a wrong argument throws a TypeError that names its place, and never crashes', () => {
  test.each(Object.keys(SIGNATURES) as (keyof NativeBinding)[])('%s()', (name) => {
    const signature = SIGNATURES[name]!;
    const good = signature.map(([value]) => value);
    signature.forEach(([, bad], place) => {
      for (const value of bad) {
        const call = () => Reflect.apply(addon[name], addon, good.with(place, value));
        expect(call, `${name}, argument ${place} = ${String(value)}`).toThrow(TypeError);
        expect(call).toThrow(`argument ${place} must be`);
      }
    });
    expect(() => Reflect.apply(addon[name], addon, [])).toThrow('argument 0 must be');
  });

  test('every export that takes arguments is in this table', () => {
    const takesNone = membersOf('NativeBinding').filter((name) =>
      new RegExp(`^  ${name}\\(\\)`, 'm').test(bodyOf('NativeBinding')),
    );
    expect([...Object.keys(SIGNATURES), ...takesNone].sort()).toEqual(membersOf('NativeBinding'));
  });

  test('writeRecord()', () => {
    const lock = acquire();
    for (const value of NO_STRING) expect(() => addon.writeRecord(lock, value as string)).toThrow(TypeError);
    expect(addon.readContent(lock)).toEqual({ text: '', size: 0, hasOtherNames: false });
  });

  test('watch()', () => {
    const contender = createWaiter();
    // One that has never tried: there may be no file yet.
    expect(addon.watch(contender, 0)).toMatch(/^(nothing|gone)$/);
  });

  test.each(['', 'localhost', 'example.org', '127.1.1.1.1', '127.0.0.1 ', '::1%none', 'x'.repeat(100_000)])(
    'an address that is none is EINVAL, and is not looked up: %.20s',
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

describe('a handle that is done with', () => {
  test('a closed contender watches nothing and wakes nobody, and closing it again does nothing', async () => {
    const lock = acquire();
    const path = join(freshDirectory(), 'b.lock');
    const holder = addon.tryAcquire(path, 0) as LockId;
    addon.writeRecord(holder, 'who');
    let woken = 0;
    const contender = addon.createWaiter(path, 0, () => void woken++);
    expect(addon.retry(contender)).toBe('who');
    expect(addon.watch(contender, process.pid)).toBe('owner');
    addon.closeWaiter(contender);
    addon.closeWaiter(contender);
    addon.release(holder);
    expectNoContender(contender);
    for (let turns = 0; turns < 10; turns++) await new Promise((resolve) => setImmediate(resolve));
    expect([woken, addon.isHeld(lock)]).toEqual([0, true]);
  });

  test('a contender may be closed by its own wake-up, or by that of another', async () => {
    const path = join(freshDirectory(), 'b.lock');
    const holder = addon.tryAcquire(path, 0) as LockId;
    let woken = 0;
    const closeBoth = () => {
      woken++;
      for (const contender of contenders) addon.closeWaiter(contender);
    };
    const contenders = [1, 2].map(() => addon.createWaiter(path, 0, closeBoth));
    for (const contender of contenders) {
      addon.retry(contender);
      addon.watch(contender, 0);
    }
    addon.release(holder);
    await until(() => woken > 0, 'one of them is woken');
    for (const contender of contenders) expectNoContender(contender);
    await sleep(100);
    expect(woken).toBe(1);
  });

  test('a closed listener has no descriptor, and closing or detaching it again does nothing', () => {
    const listener = listen();
    expect(addon.socketOf(listener)).toBeGreaterThan(2);
    expect(addon.addressOf(listener)).toBe('127.0.0.1');
    expect(addon.portOf(listener)).toBeGreaterThan(0);
    addon.closeListener(listener);
    expectNoListener(listener);
  });

  test.each(['release', 'unlock'] as const)(
    'after %s() a lock reads and writes no descriptor, and may be let go again',
    (letGo) => {
      const lock = acquire();
      addon[letGo](lock);
      expectNotHeld(lock);
    },
  );

  test.each([0, 12_345, 2 ** 53])('%d names no lock', expectNotHeld);
  test.each([0, 12_345, 2 ** 53])('%d names no listener', expectNoListener);
  test.each([0, 12_345, 2 ** 32 - 1])('%d names no contender', expectNoContender);

  test('a number is never given twice', () => {
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
  expect(addon.release(lock)).toBe(false);
  addon.unlock(lock);
}

function expectNoListener(listener: ListenerId): void {
  addon.detachListener(listener);
  addon.closeListener(listener);
  expect([addon.socketOf(listener), addon.portOf(listener), addon.addressOf(listener)]).toEqual([-1, 0, '']);
}

function expectNoContender(contender: WaiterId): void {
  addon.closeWaiter(contender);
  expect([addon.retry(contender), addon.holderRecord(contender), addon.watch(contender, 0)]).toEqual([
    '',
    '',
    'nothing',
  ]);
}

/** The members of an interface, sorted. */
function membersOf(name: string): string[] {
  return [...bodyOf(name).matchAll(/^ {2}(?:readonly )?(\w+)[(:]/gm)].map((match) => match[1]!).sort();
}

function bodyOf(name: string): string {
  return new RegExp(`interface ${name}(?: extends \\w+)? \\{\\n(.*?)\\n\\}`, 's').exec(types)![1]!;
}

describe('bootClockMs()', () => {
  test('counts with the other clocks of this process while the machine is awake', async () => {
    const before = performance.now();
    const start = addon.bootClockMs();
    await sleep(100);
    const counted = addon.bootClockMs() - start;
    // Windows counts in steps of 10 to 16 ms; a timer may be 1 ms early.
    expect(counted).toBeGreaterThan(80);
    expect(counted).toBeLessThan(performance.now() - before + 20);
  });

  test('is the clock that Linux calls the time since boot', (ctx) => {
    // Wine shows the files of Linux, and has a clock of its own.
    need(ctx, process.platform === 'linux' ? null : 'this system has no /proc/uptime');
    const before = addon.bootClockMs();
    const uptime = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1000;
    expect(uptime).toBeGreaterThan(before - 10);
    expect(uptime).toBeLessThan(addon.bootClockMs() + 10);
  });
});
