// Locks with flock(1) from util-linux, using one process per lock.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

const run = (path, expected) => {
  const { status, error } = spawnSync('flock', ['-n', path, 'true']);
  if (status !== expected) throw error ?? new Error(`flock exited with ${status}`);
};

export const cycle = (path) => run(path, 0);
export const refused = (path) => run(path, 1);
/**
 * Starts a child that holds the lock until its standard input ends: on release() or when this
 * process ends.
 */
export const wait = async (path) => {
  const child = spawn('flock', [path, 'sh', '-c', 'echo held; exec cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return child;
};
export const hold = wait;
export const release = (child) => child.stdin.end();
