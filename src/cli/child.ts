// The program as a child that inherits the locks and the listening socket.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type GatewayLock, killChildrenOnExit, programsInherit, spawnCommand } from '../index.js';
import { errorLine, say } from './output.js';
import type { SignalRelay } from './signal-relay.js';

export interface ChildEnd {
  readonly code?: number;
  readonly signal?: NodeJS.Signals;
}

/**
 * LISTEN_PID is the pid of the program itself, which nobody knows before it exists: a shell writes it and becomes
 * the program. (dash drops variables whose names are no identifiers, as it does for every npm script.)
 */
const TELL_PID = 'export LISTEN_PID=$$; exec "$@"';

/** `file`: where the program of `words` was found. */
export async function runChild(
  lock: GatewayLock,
  file: string,
  words: readonly string[],
  signals: SignalRelay,
): Promise<ChildEnd> {
  const child = programsInherit ? spawnInheriting(lock, words) : spawnInJob(file, words);
  signals.relayTo(child);
  // Both reject with the error of a program that could not be started.
  const ended = once(child, 'exit');
  await Promise.race([once(child, 'spawn'), ended]);
  if (programsInherit) await recordHolder(lock, child.pid!);
  const [code, signal] = (await ended) as [number | null, NodeJS.Signals | null];
  return signal === null ? { code: code ?? 0 } : { signal };
}

function spawnInheriting(lock: GatewayLock, words: readonly string[]): ChildProcess {
  const { descriptors, environment } = lock.inheritance;
  const { LISTEN_PID: _, LISTEN_FDS: __, LISTEN_FDNAMES: ___, ...own } = process.env;
  const [file, ...args] = 'LISTEN_FDS' in environment ? ['/bin/sh', '-c', TELL_PID, 'sh', ...words] : words;
  return spawn(file!, args, {
    stdio: ['inherit', 'inherit', 'inherit', ...descriptors],
    env: { ...own, ...environment },
  });
}

/** The lock stays with this process, and so does the program: it ends when this one does, in whatever way. */
function spawnInJob(found: string, [name, ...words]: readonly string[]): ChildProcess {
  const { file, args, ...how } = spawnCommand(name!, found, words);
  killChildrenOnExit();
  return spawn(file, args, { stdio: 'inherit', ...how });
}

/** Only a hint: the program runs, and the lock is held, whatever becomes of it. */
async function recordHolder(lock: GatewayLock, pid: number): Promise<void> {
  try {
    await lock.handOverTo(pid);
  } catch (error) {
    say(errorLine(error));
  }
}
