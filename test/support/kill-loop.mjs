// The kill -9 loop: contenders that are killed at random points and replaced, until enough have died.
// The verdict is by two witnesses that know nothing of the lock: no number is counted twice, and no
// entrant finds another's mark over its own.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const RESTART_MS = 50;
const ENTRANT = fileURLToPath(new URL('../fixtures/entrant.mjs', import.meta.url));

/**
 * @typedef {object} KillLoopOptions
 * @property {string} directory an empty directory for the lock and the witnesses' files
 * @property {boolean} locking false is the sabotage control: the same loop with nothing locked
 * @property {number} contenders how many processes want the lock at any moment
 * @property {number} kills how many must have died of SIGKILL
 * @property {number} timeoutMs when to give up
 * @property {(kills: number) => void} [onKill]
 *
 * @typedef {object} KillLoopResult
 * @property {number} kills
 * @property {number} killedInside of those, how many were last heard of while they held the lock
 * @property {number} entries
 * @property {number[]} countedTwice witness 1
 * @property {string[]} intruders witness 2
 * @property {string[]} deaths of anything but our SIGKILL
 * @property {string[]} reclaimed the distinct reasons that were reported
 * @property {number[]} handoverMs from the kill of a holder to the next entry, sorted
 */

/** @param {KillLoopOptions} options @returns {Promise<KillLoopResult>} */
export async function killLoop(options) {
  const loop = new KillLoop(options);
  try {
    await loop.run();
  } finally {
    await loop.reap();
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
      const late = setTimeout(() => reject(new Error(`only ${this.kills} kills in time`)), this.options.timeoutMs);
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
      // "spawn UNKNOWN", now and then in a busy Wine. The loop's own limit bounds this.
      setTimeout(() => this.ending || this.start(), RESTART_MS);
      return;
    }
    const state = { child, inside: false, condemned: false };
    this.children.add(state);
    child.on('message', (message) => this.hear(state, message));
    child.once('exit', (code, signal) => this.bury(state, code, signal));
    // Some die before they have loaded anything, some while they wait.
    if (Math.random() < 0.2) this.condemn(state, Math.random() * 150);
  }

  hear(state, { entered, counted, intruder, left, reclaimed }) {
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
    // 0-6 ms: inside, at the release, or in the next wait.
    if (Math.random() < 0.7) this.condemn(state, Math.random() * 6);
  }

  count(value) {
    if (this.counted.has(value)) this.countedTwice.push(value);
    this.counted.add(value);
  }

  condemn(state, delayMs) {
    if (state.condemned || !this.options.locking) return;
    state.condemned = true;
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

  bury(state, code, signal) {
    this.children.delete(state);
    if (this.ending) return;
    if (signal !== 'SIGKILL') this.deaths.push(`pid ${state.child.pid}: exit ${code} ${signal ?? ''}`);
    this.kills++;
    this.options.onKill?.(this.kills);
    if (this.kills >= this.options.kills || this.deaths.length > 0) this.finish();
    else this.start();
  }

  async reap() {
    this.ending = true;
    const gone = [...this.children].map(({ child }) => new Promise((resolve) => child.once('exit', resolve)));
    for (const { child } of this.children) child.kill('SIGKILL');
    await Promise.all(gone);
  }

  /** @returns {KillLoopResult} */
  result() {
    const { kills, killedInside, entries, countedTwice, intruders, deaths, reclaimed, handoverMs } = this;
    handoverMs.sort((a, b) => a - b);
    return { kills, killedInside, entries, countedTwice, intruders, deaths, reclaimed: [...reclaimed], handoverMs };
  }
}
