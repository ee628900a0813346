// Checks a lock's options and adds the defaults.
import type { PathLike } from 'node:fs';
import { resolve } from 'node:path';
import { checkFlag, checkOneOf, checkOptions, checkPath, invalidValue, type OptionNames } from '../arguments.js';
import type { Endpoint } from '../endpoint.js';
import { LOCK_FLAG } from '../native/binding.js';
import { type NativeBindingOptions, useNativeBinding } from '../native/load.js';
import type { LockMode } from './file-lock.js';
import { GracePeriods } from './grace-period.js';
import { checkEndpoint, type LockTarget } from './leftover.js';
import { checkOwnerFields, type OwnerFields, recordHead } from './record-encoder.js';

/**
 * Options of {@link tryAcquireLock}.
 *
 * @example
 * const options: TryAcquireLockOptions = { mode: 'shared', access: 'group' };
 * tryAcquireLock('job.lock', options)?.release();
 */
export interface TryAcquireLockOptions extends NativeBindingOptions {
  /**
   * `exclusive` allows a single holder, `shared` any number of shared holders.
   *
   * @default 'exclusive'
   */
  readonly mode?: LockMode | undefined;
  /** Fields to add to the owner record, which must not exceed 4096 bytes of JSON in total. */
  readonly owner?: OwnerFields | undefined;
  /**
   * If true, `release()` empties the lock file and keeps it; if false, `release()` removes it. Keep
   * the file if other programs lock the same path, for example flock(1) or programs in Python, Go
   * and Rust. Unless such a program compares the inode after locking, the two exclude each other
   * only if the file is kept.
   *
   * @default true
   */
  readonly keepFile?: boolean | undefined;
  /**
   * If false, locks an existing file, such as a database or a config file, without changing it. The
   * file is opened read-only, and never created, written, truncated or removed.
   *
   * @default true
   */
  readonly record?: boolean | undefined;
  /**
   * Who may use the lock file. A new file gets mode 0600, 0660 or 0666, regardless of the umask.
   * Has no effect on Windows, where the directory's access control list applies.
   *
   * @default 'owner'
   */
  readonly access?: 'owner' | 'group' | 'everyone' | undefined;
  /**
   * What to do on a file system that grants the lock to two processes at once: `error` throws
   * `ERR_LOCK_WEAK_FILESYSTEM`, `warn` acquires the lock and emits a process warning, and `allow`
   * acquires the lock silently.
   *
   * @default 'error'
   */
  readonly weakFileSystem?: 'error' | 'warn' | 'allow' | undefined;
  /**
   * The endpoint on which a holder of this lock listens, used to detect whether an older gateway is
   * still running.
   */
  readonly endpoint?: Endpoint | undefined;
}

export const TRY_OPTIONS: OptionNames<TryAcquireLockOptions> = {
  mode: true,
  owner: true,
  keepFile: true,
  record: true,
  access: true,
  weakFileSystem: true,
  endpoint: true,
  nativeBinding: true,
};

/** The checked options for one call that acquires a lock. */
export interface AttemptRequest extends LockTarget {
  readonly mode: LockMode;
  /** The options as bits of {@link LOCK_FLAG}, for the addon. */
  readonly flags: number;
  /** The head of the owner record. Null if no record is written (shared mode, `record: false`). */
  readonly head: string | null;
  readonly weakFileSystem: 'error' | 'warn' | 'allow';
  /**
   * True if the content of the file is checked. False with `record: false`, because the file may
   * then have any content.
   */
  readonly judged: boolean;
  readonly gracePeriods: GracePeriods;
}

const ACCESS_FLAG = { owner: 0, group: LOCK_FLAG.group, everyone: LOCK_FLAG.everyone };

/** @throws {TypeError|RangeError} `ERR_INVALID_ARG_*`, `ERR_OUT_OF_RANGE` */
export function readRequest<Options extends TryAcquireLockOptions>(
  path: PathLike,
  options: Options,
  known: OptionNames<Options>,
): AttemptRequest {
  checkOptions(options, known);
  const mode = checkOneOf('mode', options.mode ?? 'exclusive', ['exclusive', 'shared']);
  const record = checkFlag('record', options.record ?? true);
  const fields = checkOwnerFields(options.owner);
  refuseContradictions(options);
  useNativeBinding(options.nativeBinding);
  return {
    // Absolute, so that it refers to the same file after a chdir().
    path: resolve(checkPath('path', path)),
    mode,
    flags: flagsOf(options),
    // Encoded before the attempt, so that a record that is too long is rejected before anything is
    // locked.
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
