// The lock directories of other users beside ours. A lock directory is private to its user, so two users, a user namespace, or two
// pods with different uids on one volume hold different state locks for one state directory.
import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { monotonicMs } from '../clock.js';
import { type LockProbe, probeTarget } from '../lock/internal.js';
import { sleep } from '../sleep.js';
import { contentionPolicy } from './contention-policy.js';
import { lockedError } from './gateway-error.js';
import type { GatewayRequest } from './gateway-options.js';
import { lockTarget, type ProbedLock } from './lock-requests.js';
import { isLockDirectory } from './state-paths.js';

/** Milliseconds between two probes: nothing reports the release of another user's lock. */
const SIBLING_PAUSE_MS = 250;

/**
 * Step 10 of docs/protocol.md. Waits until no other user's gateway holds this state. Called with our own state lock held,
 * so that of two simultaneous starts at least one sees the other. A directory that cannot be read says nothing.
 *
 * @throws {GatewayLockError} `ERR_GATEWAY_PORT_IN_USE` at once if such a gateway lives and the port is in use, `ERR_GATEWAY_LOCKED` at
 *   the deadline; `signal.reason`
 */
export async function waitForSiblings(request: GatewayRequest, deadline: number): Promise<void> {
  let held: ProbedLock | null = null;
  const onContended = contentionPolicy(request, () => held);
  for (;;) {
    held = findHeldSibling(request);
    if (held === null) return;
    await onContended();
    const remainingMs = deadline - monotonicMs();
    if (remainingMs <= 0) throw lockedError(request, request.timeoutMs, held);
    await sleep(Math.min(SIBLING_PAUSE_MS, remainingMs), request.signal);
  }
}

function findHeldSibling(request: GatewayRequest): ProbedLock | null {
  for (const path of siblingLocks(request)) {
    const found = probeReadable(path, request);
    if (found?.state === 'held') return { lockPath: path, owner: found.owner, ownerAlive: found.ownerAlive };
  }
  return null;
}

/** Only beside a lock directory in its default place: one that the caller named has no siblings. */
function siblingLocks({ app, paths }: GatewayRequest): string[] {
  if (paths === null || !paths.ownLockDir) return [];
  const parent = dirname(paths.lockDir);
  const own = basename(paths.lockDir);
  const names = entriesOf(parent).filter((name) => name !== own && isLockDirectory(app, name));
  return names.map((name) => join(parent, name, basename(paths.stateLock)));
}

function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function probeReadable(path: string, request: GatewayRequest): LockProbe | null {
  try {
    return probeTarget(lockTarget(path, request), 'everyone');
  } catch {
    return null; // Another user's file that we may not read.
  }
}
