// Why a file or directory denies access, for messages. In this layer because only it may know the platform.
import { type Stats, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { effectiveUserId } from './platform.js';

export interface ForeignPath {
  readonly path: string;
  readonly uid: number;
}

/**
 * The first part of the path below a directory of ours that belongs to another user: what a start with `sudo` leaves in a
 * home directory. Returns null if there is none, and on Windows, where files have no user ids.
 */
export function findForeignPart(path: string): ForeignPath | null {
  const self = effectiveUserId();
  if (self === undefined) return null;
  let belowOurs = false;
  for (const part of partsOf(path)) {
    const uid = lookAt(part)?.uid;
    if (uid === undefined) return null;
    if (uid !== self && belowOurs) return { path: part, uid };
    belowOurs ||= uid === self;
  }
  return null;
}

/** The path, or the nearest directory above it that can be looked at. */
export function nearestVisible(path: string): string {
  const parts = partsOf(path);
  return parts.findLast((part) => lookAt(part) !== undefined) ?? parts[0]!;
}

/** `uid 1000`, or `root`; undefined where files have no user ids. */
export function userOf(path: string): string | undefined {
  return effectiveUserId() === undefined ? undefined : userText(lookAt(path)?.uid);
}

export function ownUser(): string | undefined {
  const uid = effectiveUserId();
  return uid === undefined ? undefined : userText(uid);
}

export function userText(uid: number | undefined): string {
  if (uid === undefined) return 'an unknown user';
  return uid === 0 ? 'root' : `uid ${uid}`;
}

/**
 * File systems without modes of their own: the mount gives every file the same one, and chmod() changes nothing.
 * The numbers are in include/uapi/linux/magic.h and the sources of the drivers.
 */
const FIXED_MODES: ReadonlySet<number> = new Set([
  0x4d44, // FAT
  0x2011bab0, // exFAT
  0x5346544e, // NTFS
  0x7366746e, // NTFS, the driver ntfs3
  0x53464846, // drvfs of WSL 1
]);

/** FUSE (ntfs-3g), 9P (drvfs of WSL 2), CIFS and SMB: it depends on the server and the mount options. */
const PERHAPS_FIXED_MODES: ReadonlySet<number> = new Set([0x65735546, 0x01021997, 0xff534d42, 0xfe534d42]);

/** Whether the modes of files are fixed there. Returns 'perhaps' if the type of the file system does not tell. */
export function hasFixedModes(path: string): boolean | 'perhaps' {
  if (process.platform !== 'linux') return false;
  try {
    const type = statfsSync(nearestVisible(path)).type >>> 0;
    return FIXED_MODES.has(type) || (PERHAPS_FIXED_MODES.has(type) && 'perhaps');
  } catch {
    return false;
  }
}

/** `/`, `/home`, `/home/user` ... */
function partsOf(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [path] : [...partsOf(parent), path];
}

function lookAt(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
