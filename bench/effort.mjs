// Defines how much the bench measures. Every loop has a limit in seconds, so that a slow machine
// takes fewer samples instead of more time.
import { execFileSync } from 'node:child_process';

const FULL = {
  rounds: 120,
  batchMs: 8,
  /** The warm-up time of each contestant: V8 compiles functions after a few thousand calls. */
  warmSeconds: 0.7,
  seconds: 18,
  kills: 200,
  /**
   * The time limit for all kills, including those of peers. A kill takes 0.2 s. With fewer than 100
   * kills, the 99th percentile would be the slowest kill.
   */
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
  /**
   * The total number of processes started in all rounds of one group size. At least 3 rounds run if
   * there is time.
   */
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

/** An upper limit for the number of descriptors of a process that do not belong to locks. */
const OTHER_DESCRIPTORS = 100;

/**
 * Returns how much to measure. `limitedBy` is the reason if the system allows fewer locks than the
 * target requires.
 */
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
