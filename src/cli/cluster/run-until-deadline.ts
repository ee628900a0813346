// A program that must not run longer than a cluster lock is held: it gets SIGTERM before the deadline, SIGKILL at the deadline, and
// does not outlive this process.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import type { ClusterLock } from '../../cluster/index.js';
import type { GatewayLock } from '../../index.js';
import type { ChildEnd } from '../child.js';
import { EXIT } from '../exit-codes.js';
import { errorLine, say } from '../output.js';
import type { SignalRelay } from '../signal-relay.js';

/** Milliseconds between two looks at the deadline, which a renewal moves. */
const LOOK_MS = 100;

/** `graceMs`: how long before the deadline the program gets SIGTERM. */
export async function runUntilDeadline(
  gateway: GatewayLock,
  words: readonly string[],
  graceMs: number,
  signals: SignalRelay,
): Promise<ChildEnd> {
  const lock = gateway.cluster!;
  if (!lock.held) return { code: EXIT.held };
  const { child, guard } = startBound(gateway, words, lock);
  signals.relayTo(child);
  const ended = once(child, 'exit');
  await Promise.race([once(child, 'spawn'), ended]);
  const stop = watchDeadline(lock, child, graceMs);
  try {
    const [code, signal] = (await ended) as [number | null, NodeJS.Signals | null];
    if (stop()) return { code: EXIT.held };
    return signal === null ? { code: code ?? 0 } : { signal };
  } finally {
    stop();
    guard?.kill('SIGKILL');
  }
}

/** @returns a function that ends the watch, and tells whether the program was stopped for the lock's sake */
function watchDeadline(lock: ClusterLock, child: ChildProcess, graceMs: number): () => boolean {
  let warned = false;
  const look = () => {
    if (!lock.held) child.kill('SIGKILL');
    else if (!warned && lock.remainingMs <= graceMs) {
      warned = true;
      say(`gateway-lock: the cluster lock ends in ${Math.round(lock.remainingMs)} ms; stopping the program`);
      child.kill('SIGTERM');
    }
  };
  const timer = setInterval(look, LOOK_MS);
  const off = lock.onLost((error) => {
    say(errorLine(error));
    child.kill('SIGKILL');
  });
  return () => {
    clearInterval(timer);
    off();
    return warned || lock.signal.aborted;
  };
}

/**
 * The program inherits the host's locks, so that no successor starts on this host before it has ended. Linux kills it when this
 * process dies (PR_SET_PDEATHSIG, through setpriv of util-linux); elsewhere a shell does so that reads from a pipe of this process.
 */
function startBound(gateway: GatewayLock, words: readonly string[], lock: ClusterLock) {
  const tie = isAvailable('setpriv') ? ['setpriv', '--pdeathsig', 'KILL', '--'] : [];
  const [file, ...args] = [...tie, ...words];
  const env = { ...process.env, GATEWAY_LOCK_TOKEN: String(lock.token) };
  const child = spawn(file!, args, { stdio: ['inherit', 'inherit', 'inherit', ...gateway.lockDescriptors], env });
  const guard = tie.length > 0 || child.pid === undefined ? null : startGuard(child.pid);
  return { child, guard };
}

function startGuard(pid: number): ChildProcess {
  const script = 'read -r line || kill -KILL "$1"';
  const guard = spawn('/bin/sh', ['-c', script, 'sh', String(pid)], { stdio: ['pipe', 'ignore', 'ignore'] });
  guard.on('error', (error) => say(errorLine(error)));
  return guard;
}

function isAvailable(program: string): boolean {
  return spawnSync(program, ['--pdeathsig', 'KILL', 'true'], { stdio: 'ignore' }).status === 0;
}
