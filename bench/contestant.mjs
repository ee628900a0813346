// node contestant.mjs NAME: answers on stdout, one number a line, what stdin asks, one request a line; the C
// program of floor/ speaks the same. Times are nanoseconds of the monotonic clock, which all processes share.
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const lock = await import(`./locks/${process.argv[2]}.mjs`);
const held = [];

const answers = {
  cycle: (count, path) => time(count, 'cycle', path),
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
  /** Microseconds of CPU used while it waits for the lock, or for nothing; not what it takes to begin with. */
  idle: async (settleMs, ms, path) => {
    if (path !== undefined) lock.wait(path).catch(() => {}); // it never gets it
    await sleep(Number(settleMs));
    const before = process.cpuUsage();
    await sleep(Number(ms));
    const { user, system } = process.cpuUsage(before);
    return user + system;
  },
};

async function time(count, what, ...args) {
  const once = lock[what];
  if (once === undefined) throw new Error(`has no ${what}`);
  const start = process.hrtime.bigint();
  for (let i = Number(count); i > 0; i--) {
    const pending = once(...args);
    // Only where there is one: an await would cost a synchronous lock more than a promise's worth.
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
