// Measures single calls: acquire and release, a refused attempt, a probe, the start and close of a
// gateway.

import { mkdirSync, writeFileSync } from 'node:fs';
import { withContestants } from '../contestants.mjs';
import { inRounds } from '../rounds.mjs';
import { figure } from '../statistics.mjs';
import { freePort, freshDirectory, freshPath } from '../temporary.mjs';

const UNIT = 'us';

/** The lock file is new in each cycle, and is removed. */
export const cycle = (bench) => cyclesOf(bench, 'cycle');
/** The lock file exists, gets a record, and is emptied. */
export const cycle_kept = (bench) => cyclesOf(bench, 'cycleKept');
/** The lock file exists and gets no record. */
export const cycle_existing = (bench) => cyclesOf(bench, 'cycleExisting');

/** A peer always makes its own cycle, which is the same in every figure. */
async function cyclesOf({ effort, peers }, word) {
  return withContestants(['floor', 'ours', ...peers.ready], async (contestants) => {
    // All contestants use the same directory. On ext4 without a journal, creating a file takes
    // longer if many files were removed from the directory in the last few minutes, because ext4
    // checks their inodes even though it cannot reuse them yet.
    const folder = freshDirectory();
    const pathOf = ({ name }) => `${folder}/${name}.lock`;
    const isPeer = ({ name }) => peers.ready.includes(name);
    if (word === 'cycleExisting') for (const one of contestants) if (!isPeer(one)) writeFileSync(pathOf(one), '');
    const batch = (one, count) => one.ask(isPeer(one) ? 'cycle' : word, count, pathOf(one));
    const { samples, missing } = await inRounds(contestants, effort, batch);
    return figure(UNIT, samples, { ...peers.missing, ...missing });
  });
}

export const refused = (bench) => onHeldLocks(bench, 'refused');
export const probe = (bench) => onHeldLocks(bench, 'probe');

/**
 * Measures a call on a held lock. The floor uses the lock that this package holds, so that both
 * read the same record. For a peer, another process of the same peer holds the lock.
 */
async function onHeldLocks({ effort, peers }, word) {
  const names = ['floor', 'ours', ...peers.ready];
  const lockOf = Object.fromEntries(names.map((name) => [name, freshPath()]));
  lockOf.floor = lockOf.ours;
  return withContestants(names.slice(1), async (holders) => {
    for (const holder of holders) await holder.ask('hold', lockOf[holder.name]);
    return withContestants(names, async (contestants) => {
      const batch = (one, count) => one.ask(word, count, lockOf[one.name]);
      const { samples, missing } = await inRounds(contestants, effort, batch);
      return figure(UNIT, samples, { ...peers.missing, ...missing });
    });
  });
}

export async function gateway({ effort, peers }) {
  return withContestants(['floor', 'ours'], async (contestants) => {
    const folder = freshDirectory();
    for (const { name } of contestants) mkdirSync(`${folder}/${name}`);
    const port = await freePort();
    const batch = (one, count) => one.ask('gateway', count, `${folder}/${one.name}`, port);
    const { samples } = await inRounds(contestants, effort, batch);
    const none = [...peers.ready, ...Object.keys(peers.missing)].map((name) => [name, 'binds no port']);
    return figure(UNIT, samples, Object.fromEntries(none));
  });
}
