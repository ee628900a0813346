// How much is measured. Every loop has a bound in seconds, so that a slow machine measures less instead of longer.
import { execFileSync } from 'node:child_process';

const FULL = {
  rounds: 120,
  batchMs: 8,
  /** Of each contestant before it counts: V8 compiles what is called some thousand times. */
  warmSeconds: 0.7,
  seconds: 18,
  kills: 200,
  /** A kill takes 0.2 s, and of fewer than 100 the 99th percentile is the slowest. */
  killSeconds: 80,
  peerHandOvers: 8,
  handOvers: 600,
  idleSeconds: 10,
  starts: 21,
  heldLocks: [10, 1000, 10_000],
  contenders: [10, 100, 1000],
  /** Of one size, in as many rounds as that makes. */
  contendersInAll: 100,
  leakCycles: 1_000_000,
  leakSeconds: 150,
};

const QUICK = {
  rounds: 9,
  batchMs: 3,
  warmSeconds: 0.1,
  seconds: 5,
  kills: 6,
  killSeconds: 8,
  peerHandOvers: 2,
  handOvers: 30,
  idleSeconds: 1,
  starts: 3,
  heldLocks: [10, 500],
  contenders: [4, 12],
  contendersInAll: 12,
  leakCycles: 5000,
  leakSeconds: 5,
};

export function effortOf(quick) {
  const effort = quick ? QUICK : FULL;
  return { ...effort, heldLocks: effort.heldLocks.map((count) => Math.min(count, mostDescriptors() - 100)) };
}

function mostDescriptors() {
  const limit = execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' });
  return Number(limit) || Number.POSITIVE_INFINITY;
}
