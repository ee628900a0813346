// The predecessor's end of the connection to a successor, on any system.
import type { ChildProcess } from 'node:child_process';
import type { SentSocket } from '../../native/server-handle.js';

export interface SuccessorChannel {
  /** Resolves when no process has the successor's end. */
  readonly ended: Promise<void>;
  /**
   * Returns the copies of the sockets that the successor has sent back; the caller then owns them.
   * Null if the predecessor makes its own copies.
   */
  takeCopies(): readonly SentSocket[] | null;
  /** Ends the channel: commits the upgrade, if the successor is alive. */
  close(): void;
}

export interface StartedSuccessor {
  readonly child: ChildProcess;
  readonly channel: SuccessorChannel;
}
