// What a caller asks of a lock, checked and completed.
import { resolve } from 'node:path';
import { checkFlag, checkOneOf, checkOptions, checkPath, invalidValue } from '../arguments.js';
import { LOCK_FLAG } from '../native/binding.js';
import type { LockMode } from './file-lock.js';
import { GracePeriods } from './grace-period.js';
import { checkEndpoint, type Endpoint } from './leftover.js';
import { checkOwnerFields, type OwnerFields, type RecordHead, recordHead } from './owner-record.js';

export interface TryAcquireLockOptions {
  /** @default 'exclusive' */
  readonly mode?: LockMode;
  /** Fields to add to the owner record. Together at most 4096 bytes of JSON. */
  readonly owner?: OwnerFields;
  /**
   * Whether `release()` leaves the file, empty, in place of removing it. Lockers that do not compare the inode after they have
   * locked it (flock(1), Python, Go, Rust) exclude this package, and are excluded, on a kept file only. @default true
   */
  readonly keepFile?: boolean;
  /**
   * false locks an existing file as it is, for example a database or a config file: opened read-only, never created, written,
   * truncated or removed. @default true
   */
  readonly record?: boolean;
  /**
   * Which users may share the lock file: its mode is 0600, 0660 or 0666 when it is created, whatever the umask is. No effect on
   * Windows, where the access list of the directory decides. @default 'owner'
   */
  readonly access?: 'owner' | 'group' | 'everyone';
  /**
   * A file system that was seen to grant the lock to two processes: refuse it, use it with a process warning, or use it.
   * @default 'error'
   */
  readonly weakFileSystem?: 'error' | 'warn' | 'allow';
  /** Where a holder of this lock would listen: tells whether a gateway without a kernel lock still runs. */
  readonly endpoint?: Endpoint;
}

/** One checked request for a lock. */
export interface AttemptRequest {
  readonly path: string;
  readonly mode: LockMode;
  /** The options as the addon takes them, from {@link LOCK_FLAG}. */
  readonly flags: number;
  /** null where no record is written: in shared mode and with `record: false`. */
  readonly head: RecordHead | null;
  readonly weakFileSystem: 'error' | 'warn' | 'allow';
  /** false with `record: false`: any content will do. */
  readonly judged: boolean;
  readonly endpoint: Endpoint | undefined;
  /** The path is the package's own, in a lock directory, and not one that the caller named. */
  readonly ownPath: boolean;
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
    // Absolute, so that a later chdir() does not change which file is meant.
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

/** The flags of the addon for these options. @throws {TypeError} `ERR_INVALID_ARG_*` */
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
