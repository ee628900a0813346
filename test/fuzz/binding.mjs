// node test/fuzz/binding.mjs [--seconds N] [--seed N] [--trace]: calls every function of the addon at
// random, with valid and invalid arguments. Each call must return, or throw a TypeError or an error
// with a code. After each round, no descriptor and no lock may be left. --trace prints each call
// before it is made, to find the call that ends the process.
import { spawn } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { inspect, parseArgs } from 'node:util';

const ROUND = 2000;
/** Milliseconds. The longest wait of a call is 20 ms. */
const LONGEST_CALL_MS = 5000;
const LONGEST_SILENCE_MS = 60_000;

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    trace: { type: 'boolean', default: false },
    child: { type: 'boolean', default: false },
  },
});
const seconds = Number(options.seconds);
const seed = Number(options.seed);
if (options.child) await fuzz();
else watchChild();

/** Makes the calls in a separate process, because a call may end or hang that process. */
function watchChild() {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-lock-fuzz-'));
  // With this policy, an error that a wake-up throws is an uncaught exception instead of a warning.
  const policy = '--force-node-api-uncaught-exceptions-policy=true';
  const args = [policy, fileURLToPath(import.meta.url), '--child', ...process.argv.slice(2), '--seed', String(seed)];
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] });
  const hung = setTimeout(() => child.kill('SIGKILL'), seconds * 1000 + LONGEST_SILENCE_MS);
  child.once('close', (status, signal) => {
    clearTimeout(hung);
    rmSync(folder, { recursive: true, force: true });
    if (status !== 0) console.log(`the process ended with ${signal ?? status}; seed ${seed}`);
    process.exitCode = status === 0 ? 0 : 1;
  });
}

function textOf(name, args) {
  return `${name}(${args.map((value) => inspect(value, { maxStringLength: 60 })).join(', ')})`;
}

/** mulberry32 */
function randomFrom(state) {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

async function fuzz() {
  const root = process.env.GATEWAY_LOCK_PREBUILD ?? fileURLToPath(new URL('../..', import.meta.url));
  const addon = createRequire(import.meta.url)(join(root, 'build/Release/gateway_lock.node'));
  const random = randomFrom(seed);
  const below = (limit) => Math.floor(random() * limit);
  const pick = (list) => list[below(list.length)];

  const folder = process.cwd();
  const locks = ['a.lock', 'b.lock', 'deep/c.lock'].map((name) => join(folder, name));
  mkdirSync(join(folder, 'deep'));
  mkdirSync(join(folder, 'directory'));
  symlinkSync('a.lock', join(folder, 'link'));
  writeFileSync(join(folder, 'notes.txt'), 'not a lock');
  const paths = [
    ...locks,
    ...locks,
    ...['directory', 'link', 'notes.txt', 'none/x.lock', 'new/directory', '\ud800', 'a.lock\0b'].map((name) =>
      join(folder, name),
    ),
    ...['', '/dev/null', '/dev/full', '/proc/self/none', 'relative.lock', 'x'.repeat(5000), `${'y/'.repeat(3000)}z`],
  ];
  const directories = ['directory', 'link', 'notes.txt', 'new/directory', 'x'.repeat(300)].map((name) =>
    join(folder, name),
  );
  const addresses = [
    '127.0.0.1',
    '127.0.0.1',
    '::1',
    '0.0.0.0',
    '::',
    '127.0.0.2',
    '192.0.2.1',
    'localhost',
    '',
    '::1%lo',
    'fe80::1%none',
    '1',
    '\0',
  ];
  const throwing = () => {
    throw new Error('from the fuzzer');
  };
  process.on('uncaughtException', (error) => {
    if (error.message !== 'from the fuzzer') throw error;
  });
  const odd = [
    ...[
      undefined,
      null,
      true,
      false,
      0,
      -0,
      1,
      -1,
      0.5,
      Number.NaN,
      Infinity,
      -Infinity,
      2 ** 31,
      2 ** 32,
      2 ** 53,
      2 ** 54,
      1e308,
    ],
    ...['', 'text', 'x'.repeat(70_000), '\ud800', '\0', 10n, 2n ** 70n, Symbol('s'), () => {}, throwing, class {}],
    ...[
      [],
      {},
      [undefined],
      [[]],
      new Array(5),
      new Array(2 ** 32 - 1),
      Object.freeze([1]),
      new Uint8Array(9),
      new Date(Number.NaN),
    ],
    ...[
      new Proxy([], {}),
      new Proxy({}, { get: throwing }),
      new Proxy([1, 2], { get: throwing }),
      Object.create(null),
      /x/,
      new Map(),
    ],
    ...[Object(1), Object('a'), { valueOf: throwing }, { toString: throwing }, Promise.resolve(), globalThis],
    Object.defineProperty([1], 0, { get: throwing }),
  ];

  const held = { lock: new Set(), waiter: new Set(), listener: new Set(), notifySocket: new Set() };
  /** The descriptors that this fuzzer has opened and no object of the addon has adopted. */
  const opened = new Set();
  /** The descriptors that the addon has lent, which stay open until this fuzzer closes them. */
  const lent = new Set();
  const idOf = (kind) => () => {
    const known = [...held[kind]];
    return random() < 0.8 && known.length > 0 ? pick(known) : pick([0, 1, 2, below(1000), 2 ** 52]);
  };
  const texts = () => Array.from({ length: below(5) }, () => pick(['a', 'A=b', '', '=', '\0', 'x'.repeat(10_000)]));
  const path = () => pick(paths);
  const address = () => pick(addresses);
  const port = () => pick([0, 0, 1, 80, 65535, 20_000 + below(20)]);
  // Binds loopback only, and only ports that the system chooses or that this process already has, so
  // that no port of another program is taken.
  const bindAddress = () =>
    pick(['127.0.0.1', '127.0.0.1', '::1', '127.0.0.2', '192.0.2.1', 'localhost', '', '1', '\0']);
  const bindPort = () => pick([0, 0, 0, -1, 65_536, ...[...held.listener].map((id) => addon.portOf(id)).slice(0, 2)]);
  const flags = () => below(64);
  const pid = () => pick([0, 1, process.pid, process.ppid, 2 ** 31 - 1, below(40_000)]);
  const [lock, waiter, listener, notifySocket] = ['lock', 'waiter', 'listener', 'notifySocket'].map(idOf);
  const notifyPath = () =>
    pick([
      ...['a.notify', 'b.notify', 'a.lock', 'none/x', 'x'.repeat(200)].map((name) => join(folder, name)),
      ...['', '@', `@fuzz-${process.pid}`, 'relative', '/dev/null'],
    ]);
  const ownDescriptor = () => {
    if (random() < 0.3) openLockFile();
    const known = [...opened];
    return random() < 0.9 && known.length > 0 ? pick(known) : 2 ** 31 - 1;
  };

  const SIGNATURES = {
    tryAcquire: [path, flags],
    isHeld: [lock],
    isBlank: [lock],
    descriptorOf: [lock],
    strengthOf: [lock],
    readContent: [lock],
    writeRecord: [lock, () => pick(['', '{"pid":1}\n', 'x'.repeat(5000), '\ud800'])],
    isFileInPlace: [lock],
    handOver: [lock],
    release: [lock],
    undo: [lock],
    unlock: [lock],
    createWaiter: [path, flags, () => pick([() => {}, throwing, () => closeAll('waiter')])],
    retry: [waiter],
    holderRecord: [waiter],
    watch: [waiter, pid],
    closeWaiter: [waiter],
    probeLock: [path, flags],
    isHeldInOtherView: [path, pid],
    isSqliteLocked: [path],
    ensureLockDirectory: [() => pick(directories), () => random() < 0.5],
    listen: [bindAddress, bindPort, () => 1 + below(511)],
    listenBeside: [bindAddress, bindPort, () => 1 + below(511)],
    addressOf: [listener],
    portOf: [listener],
    socketOf: [listener],
    lendListener: [listener],
    recallListener: [listener],
    detachListener: [listener],
    closeListener: [listener],
    tryBind: [bindAddress, bindPort],
    probePort: [address, port],
    hasListener: [address, port],
    findListenerPid: [address, port],
    findConnectionPid: [address, port],
    processStartToken: [pid],
    processStartMs: [pid],
    commandLine: [pid],
    // Never a program that exists.
    exec: [
      () => pick([join(folder, 'none'), folder, join(folder, 'notes.txt')]),
      texts,
      texts,
      () => Array.from({ length: below(4) }, () => below(40)),
    ],
    killChildrenOnExit: [],
    adoptLock: [path, ownDescriptor, flags],
    relock: [lock],
    leaveLock: [lock],
    adoptListener: [ownDescriptor, bindAddress, bindPort],
    copyListener: [ownDescriptor],
    shutdownListener: [listener],
    setBlocking: [listener],
    socketPair: [],
    takeToken: [ownDescriptor],
    endWrites: [ownDescriptor],
    notify: [notifyPath, () => pick(['', 'READY=1', 'x'.repeat(5000), 'x'.repeat(300_000), '\ud800', '\0'])],
    openNotifySocket: [notifyPath],
    readNotification: [notifySocket],
    closeNotifySocket: [notifySocket],
    // Only signal 0, which is never delivered.
    sendSignal: [pid, () => pick([0, 1, addon.processStartToken(process.pid), 2 ** 53]), () => 0],
    // This process has no children.
    reapOrphans: [() => pick([[], [1], [process.pid, process.ppid]])],
    findLockHolders: [path],
    findConnectionOwner: [address, port, port],
    bootClockMs: [],
    bootId: [],
    pidNamespace: [],
  };
  const KIND = {
    tryAcquire: 'lock',
    retry: 'lock',
    createWaiter: 'waiter',
    listen: 'listener',
    listenBeside: 'listener',
    adoptLock: 'lock',
    adoptListener: 'listener',
    copyListener: 'listener',
    openNotifySocket: 'notifySocket',
  };
  const CLOSE = {
    waiter: 'closeWaiter',
    lock: 'release',
    listener: 'closeListener',
    notifySocket: 'closeNotifySocket',
  };

  /** The position of the descriptor that a successful call adopts. */
  const ADOPTED = { adoptLock: 1, adoptListener: 0 };

  const names = Object.keys(SIGNATURES);
  const missing = Object.keys(addon).filter((name) => !names.includes(name));
  if (missing.length > 0) fail(`no signature of ${missing.join(', ')}`);

  function fail(what) {
    console.log(`${what}; seed ${seed}`);
    process.exit(1);
  }

  /**
   * Returns arguments, some of them invalid. An invalid path of exec() or ensureLockDirectory() would
   * act outside the folder, port 1 may be another program's, an odd signal could reach another
   * program, and standard output may be a socket.
   */
  function argumentsFor(name) {
    const args = SIGNATURES[name].map((value) => value());
    if (random() < 0.35 && args.length > 0) {
      const place = below(args.length);
      const value = pick(odd);
      const harmful =
        (typeof value === 'string' && ['exec', 'ensureLockDirectory'].includes(name)) ||
        (value === 1 && place === 1 && ['listen', 'listenBeside', 'tryBind'].includes(name)) ||
        (typeof value === 'number' && place === 2 && name === 'sendSignal') ||
        (typeof value === 'number' && name === 'endWrites');
      if (!harmful) args[place] = value;
    }
    if (random() < 0.05) args.length = below(args.length + 1);
    return args;
  }

  function call(name) {
    const args = argumentsFor(name);
    if (options.trace) writeSync(1, `${textOf(name, args)}\n`);
    const socket = name === 'detachListener' ? socketOf(args[0]) : -1;
    const began = performance.now();
    const result = make(name, args);
    const took = performance.now() - began;
    if (took > LONGEST_CALL_MS) fail(`${textOf(name, args)} took ${Math.round(took)} ms`);
    if (socket >= 0) opened.add(socket);
    lent.delete(socket);
    keep(name, args, result);
  }

  /** Remembers the object or the descriptors that a call has returned, to close them later. */
  function keep(name, args, result) {
    if (name === 'lendListener' && result >= 0) lent.add(result);
    if (Array.isArray(result) && name === 'socketPair') for (const end of result) opened.add(end);
    if (typeof result !== 'number' || !(name in KIND)) return;
    held[KIND[name]].add(result);
    if (name in ADOPTED) opened.delete(args[ADOPTED[name]]);
  }

  function openLockFile() {
    try {
      opened.add(openSync(pick(locks), 'r+'));
    } catch (error) {
      if (!['ENOENT', 'ENXIO', 'EACCES'].includes(error.code)) throw error;
    }
  }

  function make(name, args) {
    try {
      return Reflect.apply(addon[name], random() < 0.9 ? addon : pick(odd), args);
    } catch (error) {
      const known =
        error instanceof TypeError || typeof error?.code === 'string' || error?.message === 'from the fuzzer';
      if (!known) fail(`${textOf(name, args)} threw ${inspect(error)}`);
    }
  }

  function socketOf(id) {
    return Number.isSafeInteger(id) && id >= 0 ? addon.socketOf(id) : -1;
  }

  function closeAll(kind) {
    for (const id of held[kind]) {
      try {
        addon[CLOSE[kind]](id);
      } catch (error) {
        if (typeof error.code !== 'string') fail(`${CLOSE[kind]}() threw ${inspect(error)}`);
      }
    }
    held[kind].clear();
  }

  /** Returns the numbers and targets of the descriptors, without the one that lists them. */
  function descriptors() {
    return readdirSync('/proc/self/fd').flatMap((fd) => {
      try {
        return [`${fd}: ${readlinkSync(`/proc/self/fd/${fd}`)}`];
      } catch {
        return [];
      }
    });
  }

  async function checkNothingIsLeft(before) {
    for (const kind of Object.keys(CLOSE)) closeAll(kind);
    for (const fd of [...opened, ...lent]) closeSync(fd);
    opened.clear();
    lent.clear();
    // The thread that watches ends 100 ms after its last watch.
    const until = performance.now() + 5000;
    const left = () => descriptors().filter((one) => !before.includes(one));
    while (left().length > 0 && performance.now() < until) await sleep(50);
    if (left().length > 0) fail(`descriptors are left open: ${left().join(', ')}`);
    for (const lock of locks) {
      const id = addon.tryAcquire(lock, 0);
      if (typeof id !== 'number') fail(`${lock} is still locked`);
      addon.release(id);
    }
  }

  // The first stream of a process opens /dev/null (libuv, uv__stream_init).
  for (const stream of [process.stdout, process.stderr]) stream.write('');
  const before = descriptors();
  let calls = 0;
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    for (let i = 0; i < ROUND && performance.now() < end; i++, calls++) {
      call(pick(names));
      if (i % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await checkNothingIsLeft(before);
  }
  console.log(`${calls} calls of ${names.length} functions, nothing is left; seed ${seed}`);
}
