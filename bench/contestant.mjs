// node contestant.mjs NAME: the process in which the lock NAME of bench/locks is measured. Like the
// C++ program in floor/, reads one request per line from stdin and writes one number per line to
// stdout. Times are nanoseconds of the monotonic clock, which all processes share.
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const lock = await import(`./locks/${process.argv[2]}.mjs`);
const held = [];

const answers = {
  cycle: (count, path) => time(count, 'cycle', path),
  cycleKept: (count, path) => time(count, 'cycleKept', path),
  cycleExisting: (count, path) => time(count, 'cycleExisting', path),
  refused: (count, path) => time(count, 'refused', path),
  probe: (count, path) => time(count, 'probe', path),
  gateway: (count, stateDir, port) => time(count, 'gateway', stateDir, Number(port)),
  hold: async (path) => held.push(await lock.hold(path)),
  holdGateway: async (stateDir, port) => held.push(await lock.holdGateway(stateDir, Number(port))),
  wait: async (path) => {
    held.push(await lock.wait(path));
    return process.hrtime.bigint();
  },
  drop: async () => {
    const start = process.hrtime.bigint();
    for (const one of held.splice(0)) await lock.release(one);
    return start;
  },
  fill: (count, folder) => {
    for (let next = 0; next < Number(count); next++) held.push(lock.hold(`${folder}/${next}.lock`));
    return count;
  },
  memory: () => {
    globalThis.gc();
    return process.memoryUsage.rss();
  },
  descriptors: () => readdirSync('/proc/self/fd').length,
  /**
   * Waits for the lock. Returns the CPU time of `ms` milliseconds of waiting, in microseconds,
   * ignoring the first `settleMs` milliseconds.
   */
  idle: async (settleMs, ms, path) => {
    if (path !== undefined) lock.wait(path).catch(() => {}); // the lock is never released
    await sleep(Number(settleMs));
    const before = process.cpuUsage();
    await sleep(Number(ms));
    const { user, system } = process.cpuUsage(before);
    return user + system;
  },
};

/** Returns the time of `count` calls in nanoseconds. */
async function time(count, name, ...args) {
  const once = lock[name];
  if (once === undefined) throw new Error(`has no ${name}`);
  const start = process.hrtime.bigint();
  for (let i = Number(count); i > 0; i--) {
    const pending = once(...args);
    // Does not await a synchronous lock, because `await` would add the time of a promise.
    if (pending instanceof Promise) await pending;
  }
  return process.hrtime.bigint() - start;
}

async function answer(request) {
  const [word, ...args] = request.split(' ');
  try {
    return String(await answers[word](...args));
  } catch (error) {
    return `!${error.message.split('\n')[0]}`;
  }
}

let unread = '';
for await (const chunk of process.stdin.setEncoding('utf8')) {
  const requests = (unread + chunk).split('\n');
  unread = requests.pop();
  for (const request of requests) process.stdout.write(`${await answer(request)}\n`);
}
