// Runs the program as a child process that inherits the locks and the listening socket.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { GatewayLock } from '../../../index.js';
import { environmentWith, killChildrenOnExit, programsInherit, spawnCommand } from '../../../internal.js';
import { errorLine, say } from '../../output.js';
import type { ChildEnd, SignalRelay } from '../../signal-relay.js';

/**
 * A shell script that sets LISTEN_PID and then executes the program. LISTEN_PID must be the
 * program's own pid, which is unknown before the fork. (dash drops variables whose names are not
 * identifiers, as it does for every npm script.)
 */
const SET_LISTEN_PID = 'export LISTEN_PID=$$; exec "$@"';

/**
 * Starts the command line `words`, and resolves when the program has ended. `file` is the program's
 * path.
 *
 * @throws the error of spawn() if the program cannot be started
 */
export async function runChild(
  lock: GatewayLock,
  file: string,
  words: readonly string[],
  signals: SignalRelay,
): Promise<ChildEnd> {
  const child = programsInherit ? spawnInheriting(lock, words) : spawnInJob(file, words);
  signals.relayTo(child);
  // Both promises of the race reject if the program cannot be started.
  const ended = once(child, 'exit');
  await Promise.race([once(child, 'spawn'), ended]);
  if (programsInherit) await recordHolder(lock, child.pid!);
  const [code, signal] = (await ended) as [number | null, NodeJS.Signals | null];
  return signal === null ? { code: code ?? 0 } : { signal };
}

function spawnInheriting(lock: GatewayLock, words: readonly string[]): ChildProcess {
  const { inheritance } = lock;
  const withSocket = 'LISTEN_FDS' in inheritance.environment;
  const [file, ...args] = withSocket ? ['/bin/sh', '-c', SET_LISTEN_PID, 'sh', ...words] : words;
  return spawn(file!, args, {
    stdio: ['inherit', 'inherit', 'inherit', ...inheritance.descriptors],
    env: environmentWith(inheritance, process.env),
  });
}

/**
 * Starts a program that does not inherit the lock. This process keeps the lock, so the program must
 * not outlive it.
 */
function spawnInJob(found: string, [name, ...words]: readonly string[]): ChildProcess {
  const { file, args, ...options } = spawnCommand(name!, found, words);
  killChildrenOnExit();
  return spawn(file, args, { stdio: 'inherit', ...options });
}

/**
 * Names the program in the owner record. Only reports a failure, because the record is just a hint
 * and the lock is held without it.
 */
async function recordHolder(lock: GatewayLock, pid: number): Promise<void> {
  try {
    await lock.handOverTo(pid);
  } catch (error) {
    say(errorLine(error));
  }
}
