// Converts the addon's errors to LockErrors, whose messages name the path, the cause and the
// remedy.
import { dirname, extname } from 'node:path';
import { durationText } from '../clock.js';
import { LockError, type LockErrorCode, type OwnerRecord } from '../errors.js';
import { loadUtilTypes } from '../native/builtins.js';
import {
  type ForeignPath,
  findForeignPart,
  hasFixedModes,
  nearestVisible,
  ownUser,
  userOf,
  userText,
} from '../native/file-access.js';
import { deniedFileText } from '../native/permission.js';
import {
  denyOthersCommand,
  launchdDenialAdvice,
  restrictAccessCommand,
  showModeCommand,
  stopCommand,
  takeOwnershipCommand,
} from '../native/shell-commands.js';
import { holderName, isOwn, type KnownHolder, stopAdvice } from './holder-text.js';

/**
 * Converts an addon error to a LockError if {@link EXPLANATIONS} has an entry for its code. Returns
 * any other error unchanged.
 */
export function toLockError(error: unknown, lockPath: string): unknown {
  // The addon's errors belong to the main realm, so `instanceof Error` is false in another realm
  // (vm, Jest).
  if (!loadUtilTypes().isNativeError(error) || error instanceof LockError) return error;
  const { code, path = lockPath } = error as NodeJS.ErrnoException;
  const explain = EXPLANATIONS[code ?? ''];
  if (explain === undefined) return error;
  const [lockCode, message] = explain(path, error);
  return new LockError(lockCode, message, { path, cause: error });
}

export function timeoutError(path: string, timeoutMs: number, holder: KnownHolder): LockError {
  const waited = `gave up after ${durationText(timeoutMs)}`;
  const advice = ['Wait longer (timeoutMs)', stopAdvice(holder)].filter(Boolean).join(', or ');
  const message = isOwn(holder)
    ? `lock '${path}' is already held by this process (pid ${process.pid}); ${waited}. Release it first.`
    : `lock '${path}' is held by ${holderName(holder)}; ${waited}. ${advice}.`;
  return new LockError('ERR_LOCK_TIMEOUT', message, { path, ...holder });
}

export function replacedError(path: string, owner: OwnerRecord | null): LockError {
  return new LockError(
    'ERR_LOCK_REPLACED',
    `lock file '${path}' was removed or replaced while this process (pid ${process.pid}) held the lock: ` +
      'another process can now acquire that lock. Stop this process before both processes use the same state',
    { path, owner },
  );
}

/** Returns the error for a path from the caller that is not a lock file. */
export function notALockFileError(path: string): LockError {
  return new LockError(
    'ERR_LOCK_INVALID_FILE',
    `'${path}' is not a lock file and would be overwritten. Nothing was changed. Choose another path for the lock, ` +
      'or lock the file as it is with record: false',
    { path },
  );
}

export function otherViewError(path: string, owner: OwnerRecord): LockError {
  return new LockError(
    'ERR_LOCK_WEAK_FILESYSTEM',
    `'${path}' is locked by pid ${owner.pid} through another mount of the same directory, and the kernel does not detect the conflict. ` +
      `Nothing was changed. Stop that process (${stopCommand(owner.pid)}), or use the same path as that process`,
    { path, owner, ownerAlive: true },
  );
}

/**
 * Returns the error for a release that dropped the lock but could not clear or remove the lock
 * file.
 */
export function fileStaysError(error: unknown, path: string): unknown {
  const { code = '', message } = error as NodeJS.ErrnoException;
  const text = `the lock at '${path}' is released, but its file could not be cleared or removed (${message}). The file blocks nothing`;
  if (code === 'EACCES' || code === 'EPERM') return new LockError('ERR_LOCK_PERMISSION', text, { path, cause: error });
  return Object.assign(new Error(text, { cause: error }), { code, path });
}

type Explanation = (path: string, error: Error) => [LockErrorCode, string];

const EXPLANATIONS: Readonly<Record<string, Explanation>> = {
  ERR_LOCK_INVALID_FILE: (path, error) => [
    'ERR_LOCK_INVALID_FILE',
    `'${path}' ${detailOf(error)}, so it is not used as a lock. Nothing was changed. ${remedyFor(path, detailOf(error))}`,
  ],
  ERR_LOCK_PERMISSION: (path) => ['ERR_LOCK_PERMISSION', foreignText(path)],
  EACCES: (path, error) => ['ERR_LOCK_PERMISSION', deniedText(path, error)],
  EPERM: (path, error) => ['ERR_LOCK_PERMISSION', deniedText(path, error)],
  ERR_ACCESS_DENIED: (path, error) => ['ERR_LOCK_PERMISSION', restrictedText(path, error)],
  ERR_LOCK_UNSUPPORTED: (path, error) => [
    'ERR_LOCK_UNSUPPORTED',
    `the file system of '${path}' has no file locks (${error.message}). Put the lock on a local file system`,
  ],
  ENOLCK: (path, error) => EXPLANATIONS['ERR_LOCK_UNSUPPORTED']!(path, error),
  ERR_LOCK_WEAK_FILESYSTEM: (path, error) => [
    'ERR_LOCK_WEAK_FILESYSTEM',
    `the file system of '${path}' ${detailOf(error)}, so a lock there protects nothing. ` +
      "Put the lock on a local file system (in a container: a named volume), or accept the risk with weakFileSystem: 'warn'",
  ],
};

function detailOf(error: Error): string {
  return (error as Error & { detail?: string }).detail ?? error.message;
}

function remedyFor(path: string, detail: string): string {
  // On a file system without permissions, chmod has no effect.
  if (detail.includes('without permissions')) return 'Choose a path on another file system.';
  const directory = dirname(path);
  if (detail.includes('lies in a directory')) {
    return modeRemedy(directory, `Remove write permission for others: ${denyOthersCommand(directory)}`);
  }
  if (detail.includes('may write to')) return modeRemedy(path, `Make it private: ${restrictAccessCommand(path)}`);
  return `Choose another path, or check what it is (${showModeCommand(path)}) and remove it.`;
}

/**
 * Returns `remedy`, or other advice for a mount where chmod has no effect (NTFS, exFAT, Windows
 * drives in WSL).
 */
function modeRemedy(path: string, remedy: string): string {
  const fixed = hasFixedModes(path);
  const elsewhere = 'Choose a path on another file system';
  if (fixed === true)
    return `That file system does not support changing permissions, so chmod has no effect. ${elsewhere}.`;
  if (fixed === false) return `${remedy}. Or choose another path.`;
  return `${remedy}. If the mode does not change, the file system does not support changing permissions. ${elsewhere} in that case.`;
}

/** Names the path that a function of node:fs was denied: a directory, or a config file in it. */
function restrictedText(path: string, error: Error): string {
  const { resource = path } = error as Error & { resource?: string };
  return deniedFileText(resource, extname(resource) === '' ? resource : dirname(resource));
}

function foreignText(path: string): string {
  const foreign = findForeignPart(path);
  if (foreign !== null) return leftoverText(foreign);
  const [owner, self] = [userOf(path), ownUser()];
  // Windows has no numeric user ids, so the message contains a command that shows the user names.
  return self === undefined
    ? `'${path}' belongs to another user. See which: ${showModeCommand(path)}. Run as that user, or choose another path.`
    : `'${path}' belongs to ${owner}, and this process runs as ${self}. Run as that user, or choose another path.`;
}

/**
 * Returns the text for a path that belongs to another user although its parent directory belongs to
 * this user, usually because an earlier start with sudo created it.
 */
function leftoverText({ path, uid }: ForeignPath): string {
  const remedy =
    uid === 0 ? `Make it yours: ${takeOwnershipCommand(path)}` : 'Run as that user, or choose another path';
  return `'${path}' belongs to ${userText(uid)}, and this process runs as ${ownUser()}. ${remedy}.`;
}

function deniedText(path: string, error: Error): string {
  const foreign = findForeignPart(path);
  const reason =
    foreign === null ? `See the owner and mode: ${showModeCommand(nearestVisible(path))}` : leftoverText(foreign);
  const launchd = launchdDenialAdvice((error as NodeJS.ErrnoException).code);
  return `no permission for '${path}' (${error.message}). ${reason}${launchd}`;
}
