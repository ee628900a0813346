// The oracle judges a history by the kernel's boot clock, which all processes on a machine share.

/** One read of `held === true` by a process. */
export interface HeldRead {
  readonly lock: string;
  readonly token: bigint;
  /**
   * The time BEFORE the read, in milliseconds of the boot clock. The process believed that it held
   * the lock at this time or later.
   */
  readonly atMs: number;
}

/** The verdict on a history. */
export interface Verdict {
  /** The number of times that a client held the lock. */
  readonly holds: number;
  /**
   * The cases in which an older holder read `held === true` after a newer holder had already read
   * it.
   */
  readonly doubles: readonly {
    readonly lock: string;
    readonly older: bigint;
    readonly newer: bigint;
    readonly overlapMs: number;
  }[];
  /** The number of holders whose token was not larger than the previous holder's. */
  readonly tokensThatWentBack: number;
}

interface Hold {
  readonly token: bigint;
  firstMs: number;
  lastMs: number;
}

/** Judges the reads of all processes. */
export function judge(reads: readonly HeldRead[]): Verdict {
  const locks = new Map<string, Map<bigint, Hold>>();
  for (const { lock, token, atMs } of reads) {
    const holds = locks.get(lock) ?? new Map<bigint, Hold>();
    locks.set(lock, holds);
    const hold = holds.get(token) ?? { token, firstMs: atMs, lastMs: atMs };
    holds.set(token, hold);
    hold.firstMs = Math.min(hold.firstMs, atMs);
    hold.lastMs = Math.max(hold.lastMs, atMs);
  }
  const inOrder = [...locks].map(
    ([lock, holds]) => [lock, [...holds.values()].sort((a, b) => a.firstMs - b.firstMs)] as const,
  );
  return {
    holds: inOrder.reduce((sum, [, holds]) => sum + holds.length, 0),
    doubles: inOrder.flatMap(([lock, holds]) => doublesOf(lock, holds)),
    tokensThatWentBack: inOrder.reduce((sum, [, holds]) => sum + wentBack(holds), 0),
  };
}

function doublesOf(lock: string, holds: readonly Hold[]): Verdict['doubles'] {
  return holds.slice(1).flatMap((newer, index) =>
    holds
      .slice(0, index + 1)
      .filter((older) => older.lastMs > newer.firstMs)
      .map((older) => ({ lock, older: older.token, newer: newer.token, overlapMs: older.lastMs - newer.firstMs })),
  );
}

function wentBack(holds: readonly Hold[]): number {
  return holds.filter((hold, index) => index > 0 && hold.token <= holds[index - 1]!.token).length;
}
