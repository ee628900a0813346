// The kill loop: starts processes that acquire the same lock, kills them at random points with
// SIGKILL, and replaces them until enough have died. Two witnesses, independent of the lock, detect
// a double holder. Witness 1 finds numbers that were counted twice, witness 2 finds marks that
// another process has overwritten.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const RESTART_MS = 50;
const ENTRANT = fileURLToPath(new URL('../fixtures/entrant.mjs', import.meta.url));

/**
 * @typedef {object} KillLoopOptions
 * @property {string} directory an empty directory for the lock and the files of the witnesses
 * @property {boolean} locking false for the control case, which runs the same loop without the lock
 * @property {number} contenders number of processes at a time
 * @property {number} kills number of processes that must die of SIGKILL
 * @property {number} timeoutMs time limit in milliseconds
 * @property {(kills: number) => void} [onKill]
 *
 * @typedef {object} KillLoopResult
 * @property {number} kills
 * @property {number} killedInside number of processes that held the lock according to their last
 *   message
 * @property {number} entries
 * @property {number[]} countedTwice numbers that witness 1 saw twice
 * @property {string[]} intruders marks of other processes that witness 2 found
 * @property {string[]} deaths processes that ended without having been killed by the loop
 * @property {string[]} reclaimed the distinct values of `reclaimed`
 * @property {number[]} handoverMs times from the kill of a holder to the next entry, in
 *   milliseconds, sorted
 */

/** @param {KillLoopOptions} options @returns {Promise<KillLoopResult>} */
export async function killLoop(options) {
  const loop = new KillLoop(options);
  try {
    await loop.run();
  } finally {
    await loop.killAll();
  }
  return loop.result();
}

class KillLoop {
  /** @param {KillLoopOptions} options */
  constructor(options) {
    this.options = options;
    this.children = new Set();
    this.counted = new Set();
    this.reclaimed = new Set();
    this.kills = 0;
    this.killedInside = 0;
    this.entries = 0;
    /** @type {number[]} */ this.countedTwice = [];
    /** @type {string[]} */ this.intruders = [];
    /** @type {string[]} */ this.deaths = [];
    /** @type {number[]} */ this.handoverMs = [];
    this.holderKilledAt = 0;
    this.ending = false;
  }

  run() {
    return new Promise((resolve, reject) => {
      const late = setTimeout(
        () => reject(new Error(`only ${this.kills} kills within ${this.options.timeoutMs} ms`)),
        this.options.timeoutMs,
      );
      this.finish = () => {
        clearTimeout(late);
        this.ending = true;
        resolve(undefined);
      };
      for (let i = 0; i < this.options.contenders; i++) this.start();
    });
  }

  start() {
    const { directory, locking } = this.options;
    let child;
    try {
      child = fork(ENTRANT, [`${directory}/the.lock`, directory, locking ? 'on' : 'off']);
    } catch {
      // A busy Wine sometimes fails with "spawn UNKNOWN". The loop's time limit bounds the retries.
      setTimeout(() => this.ending || this.start(), RESTART_MS);
      return;
    }
    const state = { child, inside: false, killScheduled: false };
    this.children.add(state);
    child.on('message', (message) => this.onMessage(state, message));
    child.once('exit', (code, signal) => this.onExit(state, code, signal));
    // Kills some processes while they start or wait.
    if (Math.random() < 0.2) this.scheduleKill(state, Math.random() * 150);
  }

  onMessage(state, { entered, counted, intruder, left, reclaimed }) {
    if (entered) this.enter(state, reclaimed);
    if (counted !== undefined) this.count(counted);
    if (intruder !== undefined) this.intruders.push(intruder);
    if (left) state.inside = false;
    const sabotaged = this.countedTwice.length > 0 && this.intruders.length > 0;
    if (!this.options.locking && sabotaged) this.finish();
  }

  enter(state, reclaimed) {
    state.inside = true;
    this.entries++;
    if (reclaimed) this.reclaimed.add(reclaimed);
    if (this.holderKilledAt > 0) this.handoverMs.push(performance.now() - this.holderKilledAt);
    this.holderKilledAt = 0;
    // After 0 to 6 ms the process holds the lock, releases it, or waits for it again.
    if (Math.random() < 0.7) this.scheduleKill(state, Math.random() * 6);
  }

  count(value) {
    if (this.counted.has(value)) this.countedTwice.push(value);
    this.counted.add(value);
  }

  scheduleKill(state, delayMs) {
    if (state.killScheduled || !this.options.locking) return;
    state.killScheduled = true;
    setTimeout(() => this.kill(state), delayMs);
  }

  kill(state) {
    if (this.ending || state.child.exitCode !== null) return;
    if (state.inside) {
      this.killedInside++;
      this.holderKilledAt = performance.now();
    }
    state.child.kill('SIGKILL');
  }

  onExit(state, code, signal) {
    this.children.delete(state);
    if (this.ending) return;
    if (signal !== 'SIGKILL') this.deaths.push(`pid ${state.child.pid}: exit ${code} ${signal ?? ''}`);
    this.kills++;
    this.options.onKill?.(this.kills);
    if (this.kills >= this.options.kills || this.deaths.length > 0) this.finish();
    else this.start();
  }

  async killAll() {
    this.ending = true;
    const ended = [...this.children].map(({ child }) => new Promise((resolve) => child.once('exit', resolve)));
    for (const { child } of this.children) child.kill('SIGKILL');
    await Promise.all(ended);
  }

  /** @returns {KillLoopResult} */
  result() {
    const { kills, killedInside, entries, countedTwice, intruders, deaths, reclaimed, handoverMs } = this;
    handoverMs.sort((a, b) => a - b);
    return { kills, killedInside, entries, countedTwice, intruders, deaths, reclaimed: [...reclaimed], handoverMs };
  }
}
