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
  name(pid: number, upgrade?: UpgradeState): void {
    if (programsInherit) reportFailure(() => this.#lock.nameHolder(pid, { keeper: this.#keeper, upgrade }));
  }

  /** Adds the state of an upgrade to what the serving program has written. */
  showUpgrade(upgrade: UpgradeState | undefined): void {
    reportFailure(() => this.#lock.updateHolder({ upgrade }));
  }
}

function reportFailure(write: () => void): void {
  try {
    write();
  } catch (error) {
    say(errorLine(error));
  }
}
