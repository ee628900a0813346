// The directories of the sockets on which programs report their state.
import { lstatSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FileLock, tryAcquireLock } from '../../../index.js';
import { effectiveUserId } from '../../../internal.js';
import { errorLine, say } from '../../output.js';

const PREFIX = 'gateway-lock-run-';
const LOCK = 'lock';
/** A younger directory, in milliseconds, may belong to a process that has not locked it yet. */
const MIN_AGE_MS = 60_000;

let hasCleaned = false;

/**
 * A new directory that only this user can enter. It contains a lock file that is locked until
 * {@link remove}, so that a later `gateway-lock run` recognises the directories of killed ones.
 */
export class NotifyDirectory {
  readonly path: string;
  readonly #lock: FileLock | null;

  constructor() {
    if (!hasCleaned) removeLeftovers(tmpdir());
    hasCleaned = true;
    this.path = mkdtempSync(join(tmpdir(), PREFIX));
    this.#lock = tryLock(this.path);
  }

  /** Only reports a failure, because the keeper must go on. */
  remove(): void {
    try {
      rmSync(this.path, { recursive: true, force: true });
    } catch (error) {
      say(errorLine(error));
    }
    this.#lock?.leave();
  }
}

/** Removes the directories of keepers that were killed. Never throws. @internal */
export function removeLeftovers(parent: string): void {
  for (const name of namesIn(parent)) {
    const path = join(parent, name);
    try {
      if (!isOld(path)) continue;
      const lock = tryLock(path);
      if (lock !== null) rmSync(path, { recursive: true, force: true });
      lock?.leave();
    } catch {
      // Another process has removed it.
    }
  }
}

function namesIn(parent: string): readonly string[] {
  try {
    return readdirSync(parent).filter((name) => name.startsWith(PREFIX));
  } catch {
    return [];
  }
}

/** Returns false for a directory of another user. */
function isOld(path: string): boolean {
  const { uid, mtimeMs } = lstatSync(path);
  return uid === effectiveUserId() && Date.now() - mtimeMs > MIN_AGE_MS;
}

/** Returns null if another process has locked the directory, or if its file system has no locks. */
function tryLock(directory: string): FileLock | null {
  const path = join(directory, LOCK);
  try {
    writeFileSync(path, '', { flag: 'a' });
    return tryAcquireLock(path, { record: false, weakFileSystem: 'allow' });
  } catch {
    return null;
  }
}
