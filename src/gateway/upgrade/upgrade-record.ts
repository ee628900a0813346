// The progress of an upgrade in the owner record, for `gateway-lock status` and `reload`.
import type { FileLock } from '../../lock/internal.js';

/** The field `upgrade` of the owner record. */
export interface UpgradeRecord {
  /** The pid of the successor; null if its program could not be started. */
  readonly pid: number | null;
  /**
   * `starting`: the successor is not ready yet. `draining`: this gateway no longer accepts, and
   * waits for its open connections. `kept`: the last upgrade failed, and this gateway continues.
   */
  readonly phase: 'starting' | 'draining' | 'kept';
  readonly reason?: string;
}

export function recordUpgrade(locks: readonly FileLock[], upgrade: UpgradeRecord): void {
  for (const lock of locks) {
    try {
      lock.updateOwner({ upgrade });
    } catch {
      // The record is only a hint. A full disk, for example, must not prevent the upgrade.
    }
  }
}
