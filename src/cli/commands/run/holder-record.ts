// The owner record of a lock that is kept for a program: it names the program and this process.
import type { GatewayLock, KeeperReference, UpgradeState } from '../../../index.js';
import { programsInherit } from '../../../internal.js';
import { errorLine, say } from '../../output.js';

/**
 * Writes the record. Only reports a failure, because the record is just a hint and the lock is held
 * without it.
 */
export class HolderRecord {
  readonly #lock: GatewayLock;
  readonly #keeper: KeeperReference;

  constructor(lock: GatewayLock, keeper: KeeperReference) {
    this.#lock = lock;
    this.#keeper = keeper;
  }

  /** Names the process that serves. On Windows the lock belongs to this process, as recorded. */
  name(pid: number, upgrade?: Progress): void {
    const fields = { keeper: this.#keeper, upgrade: dated(upgrade) };
    if (programsInherit) reportFailure(() => this.#lock.nameHolder(pid, fields));
  }

  /** Adds the state of an upgrade to what the serving program has written. */
  showUpgrade(upgrade: Progress | undefined): void {
    reportFailure(() => this.#lock.updateHolder({ upgrade: dated(upgrade) }));
  }
}

/** The pid is 0 if the program could not be started. */
type Progress = Omit<UpgradeState, 'since'>;

function dated(upgrade: Progress | undefined): UpgradeState | undefined {
  return upgrade && { ...upgrade, pid: upgrade.pid || null, since: new Date().toISOString() };
}

function reportFailure(write: () => void): void {
  try {
    write();
  } catch (error) {
    say(errorLine(error));
  }
}
