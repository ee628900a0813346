// Runs a program only while a cluster lock is held. The program gets SIGTERM before the lock's
// deadline and SIGKILL at the deadline. The program does not outlive this process.
import { once } from 'node:events';
import type { ClusterLock } from '../../cluster/index.js';
import type { GatewayLock } from '../../index.js';
import { EXIT } from '../exit-codes.js';
import { errorLine, say } from '../output.js';
import { reapOrphans } from '../reap-orphans.js';
import type { ChildEnd, SignalRelay } from '../signal-relay.js';
import { BoundProgram } from './bound-program.js';

/** Milliseconds between two checks of the deadline. Each renewal moves the deadline. */
const CHECK_MS = 100;

/**
 * Runs the command line `words`. Resolves when the program has ended.
 *
 * @param graceMs the program gets SIGTERM this many milliseconds before the deadline
 */
export async function runUntilDeadline(
  gateway: GatewayLock,
  words: readonly string[],
  graceMs: number,
  signals: SignalRelay,
): Promise<ChildEnd> {
  const lock = gateway.cluster!;
  if (!lock.held) return { code: EXIT.held };
  const program = new BoundProgram(gateway, words);
  signals.relayTo(program.child);
  const stopReaping = reapOrphans(() => program.pids);
  const ended = once(program.child, 'exit');
  const stop = watchDeadline(lock, program, graceMs);
  try {
    const [code, signal] = (await ended) as [number | null, NodeJS.Signals | null];
    if (stop()) return { code: EXIT.held };
    return signal === null ? { code: code ?? 0 } : { signal };
  } finally {
    stop();
    await program.close();
    stopReaping();
  }
}

/**
 * Watches the lock's deadline and stops the program in time.
 *
 * @returns a function that ends the watch and returns true if the program was stopped because of
 * the lock
 */
function watchDeadline(lock: ClusterLock, program: BoundProgram, graceMs: number): () => boolean {
  let warned = false;
  const check = () => {
    if (!lock.held) program.kill();
    else if (!warned && lock.remainingMs <= graceMs) {
      warned = true;
      say(`gateway-lock: the cluster lock ends in ${Math.round(lock.remainingMs)} ms; stopping the program`);
      program.child.kill('SIGTERM');
    }
  };
  const timer = setInterval(check, CHECK_MS);
  const removeListener = lock.onLost((error) => {
    say(errorLine(error));
    program.kill();
  });
  return () => {
    clearInterval(timer);
    removeListener();
    return warned || lock.signal.aborted;
  };
}
