// The owner record of a lock that is kept for a program: it names the program and this process.
import type { GatewayLock } from '../../../index.js';
import { errorLine, say } from '../../output.js';
import type { KeptReason } from './keeper.js';
import type { KeeperName } from './program.js';

/** The new program of a reload, as the record shows it. */
export interface UpgradeRecord {
  readonly pid: number;
  readonly phase: 'starting' | 'draining' | 'kept';
  /** Why the old program was kept. */
  readonly reason?: KeptReason;
}

/**
 * Writes the record. Only reports a failure, because the record is just a hint and the lock is held
 * without it.
 */
export class HolderRecord {
  readonly #lock: GatewayLock;
  readonly #keeper: KeeperName;

  constructor(lock: GatewayLock, keeper: KeeperName) {
    this.#lock = lock;
    this.#keeper = keeper;
  }

  /** Names the process that serves. */
  name(pid: number, upgrade?: UpgradeRecord): void {
    reportFailure(() => this.#lock.nameHolder(pid, { keeper: this.#keeper, upgrade }));
  }

  /** Adds the state of an upgrade to what the serving program has written. */
  showUpgrade(upgrade: UpgradeRecord | undefined): void {
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
