// Locks like many hand-written gateway locks: creates a JSON file with a pid, using O_EXCL, and
// checks with kill(pid, 0) whether the owner is alive.
import { readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { refusedWith } from '../refused.mjs';

const POLL_MS = 50;

export const hold = (path) => {
  writeFileSync(path, JSON.stringify({ pid: process.pid, createdAt: new Date().toISOString() }), { flag: 'wx' });
  return path;
};
export const release = (path) => unlinkSync(path);
export const cycle = (path) => release(hold(path));
export const probe = (path) => isAlive(JSON.parse(readFileSync(path, 'utf8')).pid);
export const refused = (path) => {
  refusedWith('EEXIST', () => hold(path));
  if (!probe(path)) throw new Error('its owner is dead');
};
export const wait = async (path) => {
  for (;;) {
    try {
      return hold(path);
    } catch {
      if (!stillThere(path)) continue;
    }
    await sleep(POLL_MS);
  }
};

/**
 * Removes a dead owner's file. Returns true if the owner is alive. Two processes may remove each
 * other's file, a known flaw of this pattern.
 */
function stillThere(path) {
  try {
    if (probe(path)) return true;
    unlinkSync(path);
  } catch {
    // Already removed, or only partly written.
  }
  return false;
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
