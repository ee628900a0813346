// The options of a lock, checked and completed.
import { resolve } from 'node:path';
import { checkFlag, checkOneOf, checkOptions, checkPath, invalidValue } from '../arguments.js';
import type { Endpoint } from '../endpoint.js';
import { LOCK_FLAG } from '../native/binding.js';
import type { LockMode } from './file-lock.js';
import { GracePeriods } from './grace-period.js';
import { checkEndpoint, type LockTarget } from './leftover.js';
import { checkOwnerFields, type OwnerFields, recordHead } from './record-encoder.js';

export interface TryAcquireLockOptions {
  /**
   * `exclusive` for one holder, `shared` for any number of shared holders.
   *
   * @default 'exclusive'
   */
  readonly mode?: LockMode;
  /** Fields to add to the owner record, which has at most 4096 bytes of JSON. */
  readonly owner?: OwnerFields;
  /**
   * true leaves the file, empty, on `release()`; false removes it. Keep the file if programs share
   * the path that do not compare the inode after locking it (flock(1), Python, Go, Rust): they
   * exclude this package, and are excluded, only on a kept file.
   *
   * @default true
   */
  readonly keepFile?: boolean;
  /**
   * false locks an existing file as it is, for example a database or a config file: the file is
   * opened read-only, and never created, written, truncated or removed.
   *
   * @default true
   */
  readonly record?: boolean;
  /**
   * The users that may share the lock file. A new file gets mode 0600, 0660 or 0666, whatever the
   * umask is. No effect on Windows, where the access control list of the directory decides.
   *
   * @default 'owner'
   */
  readonly access?: 'owner' | 'group' | 'everyone';
  /**
   * What to do on a file system that was seen to grant the lock to two processes: refuse it with
   * `ERR_LOCK_WEAK_FILESYSTEM`, use it with a process warning, or use it.
   *
   * @default 'error'
   */
  readonly weakFileSystem?: 'error' | 'warn' | 'allow';
  /**
   * Where a holder of this lock listens. Used to detect whether an older gateway is still running.
   */
  readonly endpoint?: Endpoint;
}

/** The checked request for one acquire. */
export interface AttemptRequest extends LockTarget {
  readonly mode: LockMode;
  /** The options in the addon's form, from {@link LOCK_FLAG}. */
  readonly flags: number;
  /**
   * The head of the owner record. Null if none is written: in shared mode and with `record: false`.
   */
  readonly head: string | null;
  readonly weakFileSystem: 'error' | 'warn' | 'allow';
  /** False if the file may have any content (`record: false`). */
  readonly judged: boolean;
  readonly gracePeriods: GracePeriods;
}

const ACCESS_FLAG = { owner: 0, group: LOCK_FLAG.group, everyone: LOCK_FLAG.everyone };

/** @throws {TypeError|RangeError} `ERR_INVALID_ARG_*`, `ERR_OUT_OF_RANGE` */
export function readRequest(path: string, options: TryAcquireLockOptions): AttemptRequest {
  checkOptions(options);
  const mode = checkOneOf('mode', options.mode ?? 'exclusive', ['exclusive', 'shared']);
  const record = checkFlag('record', options.record ?? true);
  const fields = checkOwnerFields(options.owner);
  refuseContradictions(options);
  return {
    // Absolute, so that the path names the same file after a chdir().
    path: resolve(checkPath('path', path)),
    mode,
    flags: flagsOf(options),
    // Encoded before the attempt, so that a record that is too long costs nothing.
    head: mode === 'exclusive' && record ? recordHead(fields) : null,
    weakFileSystem: readWeakFileSystem(options),
    judged: record,
    endpoint: checkEndpoint(options.endpoint),
    ownPath: false,
    gracePeriods: new GracePeriods(),
  };
}

/**
 * Returns the addon's flags for these options.
 *
 * @throws {TypeError} `ERR_INVALID_ARG_*`
 */
export function flagsOf(options: TryAcquireLockOptions): number {
  const keepFile = checkFlag('keepFile', options.keepFile ?? true);
  return (
    (options.mode === 'shared' ? LOCK_FLAG.shared : 0) |
    (readWeakFileSystem(options) === 'error' ? 0 : LOCK_FLAG.allowWeak) |
    (keepFile ? LOCK_FLAG.keepFile : 0) |
    (options.record === false ? LOCK_FLAG.existingFile : 0) |
    accessFlag(options.access)
  );
}

/** @throws {TypeError} `ERR_INVALID_ARG_VALUE` */
export function accessFlag(access: TryAcquireLockOptions['access']): number {
  return ACCESS_FLAG[checkOneOf('access', access ?? 'owner', ['owner', 'group', 'everyone'])];
}

function readWeakFileSystem({ weakFileSystem }: TryAcquireLockOptions): 'error' | 'warn' | 'allow' {
  return checkOneOf('weakFileSystem', weakFileSystem ?? 'error', ['error', 'warn', 'allow']);
}

function refuseContradictions({ record, keepFile, owner }: TryAcquireLockOptions): void {
  if (record !== false) return;
  if (keepFile === false)
    throw invalidValue('keepFile', 'true with record: false, which never removes a file', keepFile);
  if (owner !== undefined) throw invalidValue('owner', 'absent with record: false, which writes no record', owner);
}
