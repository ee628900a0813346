// Sibling lock directories: other users' lock directories for the same state directory. A lock
// directory is private to one user id, so processes with different user ids use different state
// locks, for example two users, two pods on one volume, or processes inside and outside a user
// namespace.
import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { monotonicMs } from '../clock.js';
import { knownHolder, type LockProbe, probeTarget } from '../lock/internal.js';
import { sleep } from '../sleep.js';
import { contentionPolicy } from './contention-policy.js';
import { lockedError } from './gateway-error.js';
import type { GatewayWait } from './gateway-lock-options.js';
import type { GatewayRequest } from './gateway-options.js';
import { isLockDirectory } from './lock-directories.js';
import { type LockLocation, lockTarget } from './lock-requests.js';

/** Milliseconds between probes, because no event reports the release of another user's lock. */
const SIBLING_PAUSE_MS = 250;

/**
 * Step 10 of docs/protocol.md. Waits until no gateway of another user holds a lock for this state
 * directory. The caller already holds its own state lock, so at least one of two simultaneous
 * starts detects the other. Ignores sibling directories that cannot be read.
 *
 * @throws {GatewayLockError} `ERR_GATEWAY_PORT_IN_USE` at once if a gateway of another user is
 * alive and the port is in use
 * @throws {GatewayLockError} `ERR_GATEWAY_LOCKED` if a gateway of another user still holds its lock
 * at the deadline
 * @throws `signal.reason` if the signal aborts
 */
export async function waitForSiblings(request: GatewayRequest, deadline: number): Promise<void> {
  let held: GatewayWait | null = null;
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

type SiblingRequest = LockLocation & Pick<GatewayRequest, 'app'>;

function findHeldSibling(request: SiblingRequest): GatewayWait | null {
  for (const path of siblingLocks(request)) {
    const found = probeReadable(path, request);
    if (found?.state === 'held') return { lockPath: path, ...knownHolder(found) };
  }
  return null;
}

/**
 * Returns the paths of other users' state locks. A lock directory or lock file that the caller
 * named has no siblings.
 */
function siblingLocks({ app, paths }: SiblingRequest): string[] {
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

/**
 * Returns null if the lock cannot be probed, for example because this user may not read the file.
 */
function probeReadable(path: string, location: LockLocation): LockProbe | null {
  try {
    return probeTarget(lockTarget(path, location), 'everyone');
  } catch {
    return null;
  }
}
