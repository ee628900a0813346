// From what the addon throws to what a caller reads: the path, what is wrong with it, what to do.
import { lstatSync } from 'node:fs';
import { dirname } from 'node:path';
import { LockError, type LockErrorCode, type OwnerRecord } from '../errors.js';
import { makePrivateCommand, showModeCommand, stopCommand } from '../native/shell-commands.js';
import { holderName, type KnownHolder, stopAdvice } from './holder-text.js';

/** An error of the addon, or any other: only those that this package has a code for are changed. */
export function toLockError(error: unknown, lockPath: string): unknown {
  // Not instanceof: in another realm (vm, Jest) the addon's errors are of the main one.
  // The module is not imported, because only who fails needs it; and not node:util, which loads net and worker_threads.
  const { isNativeError } = process.getBuiltinModule('node:util/types');
  if (!isNativeError(error) || error instanceof LockError) return error;
  const { code, path = lockPath } = error as NodeJS.ErrnoException;
  const explain = EXPLANATIONS[code ?? ''];
  if (explain === undefined) return error;
  const [lockCode, message] = explain(path, error);
  return new LockError(lockCode, message, { path, cause: error });
}

export function timeoutError(path: string, timeoutMs: number, holder: KnownHolder): LockError {
  const advice = ['wait longer (timeoutMs)', stopAdvice(holder)].filter(Boolean).join(', or ');
  const message = `lock '${path}' is held by ${holderName(holder)}; gave up after ${timeoutMs}ms. To get it: ${advice}`;
  return new LockError('ERR_LOCK_TIMEOUT', message, { path, ...holder });
}

export function replacedError(path: string, owner: OwnerRecord | null): LockError {
  return new LockError(
    'ERR_LOCK_REPLACED',
    `lock file '${path}' was removed or replaced while this process (pid ${process.pid}) held it: ` +
      'another process can take that lock now. Stop this one before both use the same state',
    { path, owner },
  );
}

/** The caller's file, which must not be changed. */
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
    `'${path}' is locked by pid ${owner.pid} through another mount of the same directory, which the kernel does not see as the same ` +
      `lock. Nothing was changed. Stop that process (${stopCommand(owner.pid)}), or use the path that it uses`,
    { path, owner, ownerAlive: true },
  );
}

/** The lock is dropped, and its file could not be tidied up. */
export function fileStaysError(error: unknown, path: string): unknown {
  const { code = '', message } = error as NodeJS.ErrnoException;
  const text = `the lock at '${path}' is released, but its file stays (${message}). It blocks nothing`;
  if (code === 'EACCES' || code === 'EPERM') return new LockError('ERR_LOCK_PERMISSION', text, { path, cause: error });
  return Object.assign(new Error(text, { cause: error }), { code, path });
}

type Explanation = (path: string, error: Error) => [LockErrorCode, string];

const EXPLANATIONS: Readonly<Record<string, Explanation>> = {
  ERR_LOCK_INVALID_FILE: (path, error) => [
    'ERR_LOCK_INVALID_FILE',
    `'${path}' ${detailOf(error)}, so it is not used as a lock. Nothing was changed: ${remedyFor(path, detailOf(error))}`,
  ],
  ERR_LOCK_PERMISSION: (path) => ['ERR_LOCK_PERMISSION', foreignText(path)],
  EACCES: (path, error) => ['ERR_LOCK_PERMISSION', deniedText(path, error)],
  EPERM: (path, error) => ['ERR_LOCK_PERMISSION', deniedText(path, error)],
  ERR_LOCK_UNSUPPORTED: (path, error) => [
    'ERR_LOCK_UNSUPPORTED',
    `the file system of '${path}' has no file locks (${error.message}). Put the lock on a local file system`,
  ],
  ENOLCK: (path, error) => EXPLANATIONS['ERR_LOCK_UNSUPPORTED']!(path, error),
  ERR_LOCK_WEAK_FILESYSTEM: (path, error) => [
    'ERR_LOCK_WEAK_FILESYSTEM',
    `the file system of '${path}' ${detailOf(error)}, so a lock there protects nothing. ` +
      "Put it on a local file system (in a container: a named volume), or accept the risk with weakFileSystem: 'warn'",
  ],
};

function detailOf(error: Error): string {
  return (error as Error & { detail?: string }).detail ?? error.message;
}

function remedyFor(path: string, detail: string): string {
  if (detail.includes('lies in a directory')) {
    return `take the write permission from others (${showModeCommand(dirname(path))}), or choose another path`;
  }
  if (detail.includes('may write to'))
    return `make it private (${makePrivateCommand(path)}), or choose another directory`;
  return `choose another path, or remove it if nothing needs it (${showModeCommand(path)})`;
}

function foreignText(path: string): string {
  const info = lstatSync(path, { throwIfNoEntry: false });
  // Windows has no such numbers; the command shows the names.
  const self = process.geteuid?.();
  const whose =
    self === undefined ? 'another user' : `uid ${info?.uid ?? 'unknown'}, and this process runs as uid ${self}`;
  const remedy = info?.isDirectory() ? 'choose another directory' : 'remove the file when nothing uses it';
  return `'${path}' belongs to ${whose}. Run as that user, or ${remedy} (${showModeCommand(path)})`;
}

function deniedText(path: string, error: Error): string {
  return `no permission for '${path}' (${error.message}). See the owner and mode of its directory: ${showModeCommand(dirname(path))}`;
}
