// Finds out why access to a file or directory is denied, for error messages.
import { readFileSync, realpathSync, type Stats, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { effectiveUserId } from './platform.js';

/** A path that belongs to another user. */
export interface ForeignPath {
  readonly path: string;
  readonly uid: number;
}

/**
 * Returns the first part of the path (a parent directory or the path itself) that belongs to
 * another user although one of its parent directories belongs to this user, for example after an
 * earlier start with `sudo`. Returns null if there is none, and on Windows, where files have no
 * numeric user ids.
 */
export function findForeignPart(path: string): ForeignPath | null {
  const self = effectiveUserId();
  if (self === undefined) return null;
  let belowOurs = false;
  for (const part of partsOf(path)) {
    const uid = statOrUndefined(part)?.uid;
    if (uid === undefined) return null;
    if (uid !== self && belowOurs) return { path: part, uid };
    belowOurs ||= uid === self;
  }
  return null;
}

/**
 * Returns the path if stat() can read it, else the nearest parent directory that stat() can read.
 */
export function nearestVisible(path: string): string {
  const parts = partsOf(path);
  return parts.findLast((part) => statOrUndefined(part) !== undefined) ?? parts[0]!;
}

/**
 * Returns the owner of a path as `uid 1000` or `root`. Returns undefined on Windows, where files
 * have no numeric user ids.
 */
export function userOf(path: string): string | undefined {
  return effectiveUserId() === undefined ? undefined : userText(statOrUndefined(path)?.uid);
}

/** Returns the user of this process in the form of {@link userOf}. */
export function ownUser(): string | undefined {
  const uid = effectiveUserId();
  return uid === undefined ? undefined : userText(uid);
}

export function userText(uid: number | undefined): string {
  if (uid === undefined) return 'an unknown user';
  return uid === 0 ? 'root' : `uid ${uid}`;
}

/**
 * The types of file systems without file modes, where the mount options set the same mode for all
 * files and chmod() has no effect. The numbers are from include/uapi/linux/magic.h and the drivers'
 * sources.
 */
const FIXED_MODES: ReadonlySet<number> = new Set([
  0x4d44, // FAT
  0x2011bab0, // exFAT
  0x5346544e, // NTFS
  0x7366746e, // NTFS, the driver ntfs3
  0x53464846, // drvfs of WSL 1
]);

/**
 * The types of file systems where it depends on the server and the mount options whether chmod()
 * has an effect: FUSE (ntfs-3g), 9P (drvfs of WSL 2), CIFS and SMB.
 */
const PERHAPS_FIXED_MODES: ReadonlySet<number> = new Set([0x65735546, 0x01021997, 0xff534d42, 0xfe534d42]);

/**
 * Returns true if chmod() has no effect on the file, and 'perhaps' if that cannot be determined
 * from the type of the file system.
 */
export function hasFixedModes(path: string): boolean | 'perhaps' {
  if (process.platform !== 'linux') return false;
  try {
    const type = statfsSync(nearestVisible(path)).type >>> 0;
    return FIXED_MODES.has(type) || (PERHAPS_FIXED_MODES.has(type) && 'perhaps');
  } catch {
    return false;
  }
}

/**
 * Returns the mount point of the file system that contains the path if it is mounted noexec. Returns
 * null if it is not, or if that is unknown.
 */
export function findNoexecMount(path: string): string | null {
  try {
    // Each line contains the mount point and the options as fields 5 and 6 (proc_pid_mountinfo(5)).
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8').trim().split('\n');
    const parts = partsOf(realpathSync(path));
    const fields = mounts.map((line) => line.split(' ')).filter(([, , , , point]) => parts.includes(unescaped(point!)));
    // The longest mount point contains the path. Of several mounts at one point the last is visible.
    const [, , , , point, options] = fields.toSorted((one, other) => one[4]!.length - other[4]!.length).at(-1)!;
    return options!.split(',').includes('noexec') ? unescaped(point!) : null;
  } catch {
    return null;
  }
}

/** Replaces the octal numbers with which the kernel escapes spaces, for example `\040`. */
function unescaped(point: string): string {
  return point.replaceAll(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/**
 * Returns the path and all its parent directories, beginning with the root: `/`, `/home`,
 * `/home/user` and so on.
 */
function partsOf(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [path] : [...partsOf(parent), path];
}

function statOrUndefined(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
