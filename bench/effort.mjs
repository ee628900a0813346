// How much is measured. Every loop has a bound in seconds, so that a slow machine measures less instead of longer.
import { execFileSync } from 'node:child_process';

const FULL = {
  rounds: 120,
  batchMs: 8,
  /** Of each contestant before it counts: V8 compiles what is called some thousand times. */
  warmSeconds: 0.7,
  seconds: 18,
  kills: 200,
  /** For all, the peers' kills too: one takes 0.2 s, and of fewer than 100 the 99th percentile is the slowest. */
  killSeconds: 100,
  peerKills: 8,
  handOvers: 600,
  handOverSeconds: 40,
  peerHandOvers: 16,
  idleSeconds: 10,
  starts: 21,
  heldLocks: [10, 1000, 10_000],
  memoryRounds: 3,
  contenders: [10, 100, 1000],
  /** Of one size, in as many rounds as that makes, but 3 at least unless they take too long. */
  contendersInAll: 100,
  contenderSeconds: 100,
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
  peerKills: 2,
  handOvers: 30,
  handOverSeconds: 8,
  peerHandOvers: 4,
  idleSeconds: 1,
  starts: 3,
  heldLocks: [10, 500],
  memoryRounds: 2,
  contenders: [4, 12],
  contendersInAll: 12,
  contenderSeconds: 10,
  leakCycles: 5000,
  leakSeconds: 5,
};

/** Of a process that holds locks: what it has open besides. */
const OTHER_DESCRIPTORS = 100;

/** `limitedBy`: why there are fewer locks than a figure is about. */
export function effortOf(quick) {
  const effort = quick ? QUICK : FULL;
  const limit = mostDescriptors();
  const heldLocks = effort.heldLocks.map((count) => Math.min(count, limit - OTHER_DESCRIPTORS));
  const limited = heldLocks.at(-1) < effort.heldLocks.at(-1);
  return { ...effort, heldLocks, limitedBy: limited ? `ulimit -n allows ${limit} descriptors` : undefined };
}

function mostDescriptors() {
  const limit = execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' });
  return Number(limit) || Number.POSITIVE_INFINITY;
}
