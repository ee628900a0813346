// Canonical paths, so that two paths to the same directory result in the same lock.
import { lstatSync, readlinkSync, realpathSync, type Stats } from 'node:fs';
import { dirname, join, parse, resolve } from 'node:path';
import { hiddenParentError, isAccessDenied } from '../native/permission.js';
import { absolutePath, SEPARATOR } from '../native/platform.js';

/** The maximum number of symbolic links in a path, as on Linux (MAXSYMLINKS). */
const MAX_SYMLINKS = 40;

/**
 * Returns the path with all symbolic links resolved as the kernel does, even if its last parts do
 * not exist yet. On a case-insensitive file system, also restores the true case of the existing
 * parts.
 *
 * @throws {LockError} `ERR_LOCK_PERMISSION` if Node's permission model hides a parent directory
 */
export function canonicalPath(path: string): string {
  const absolute = absolutePath(path);
  // Fast path: the path usually exists, and a single call to realpath() is enough.
  return nullIfMissing(() => realPath(absolute)) ?? walkVisible(absolute);
}

/** Returns the canonical path of `name` in a directory whose path is already canonical. */
export function canonicalChild(directory: string, name: string): string {
  const path = join(directory, name);
  return ifPresent(path, () => canonicalPath(path)) ?? path;
}

function walkVisible(path: string): string {
  try {
    return walk(path);
  } catch (error) {
    throw isAccessDenied(error) ? hiddenParentError(path, error) : error;
  }
}

function walk(path: string): string {
  let current = parse(path).root;
  const ahead = path.slice(current.length).split(SEPARATOR);
  for (let links = 0; ahead.length > 0; ) {
    const next = step(current, ahead.shift()!);
    const target = linkTarget(next);
    if (target === null) {
      current = next;
      continue;
    }
    if (++links > MAX_SYMLINKS) throw tooManyLinks(path);
    const { root } = parse(target);
    // On Windows the root of a link target may lack a drive; resolve() adds the link's drive.
    if (root !== '') current = resolve(current, root);
    ahead.unshift(...target.slice(root.length).split(SEPARATOR));
  }
  return withTrueCase(current);
}

function step(current: string, part: string): string {
  if (part === '' || part === '.') return current;
  return part === '..' ? dirname(current) : join(current, part);
}

/** Returns null if the path does not exist or is not a symbolic link. */
function linkTarget(path: string): string | null {
  return ifPresent(path, (info) => (info.isSymbolicLink() ? readlinkSync(path) : null));
}

function withTrueCase(path: string): string {
  const found = ifPresent(path, () => realPath(path));
  const parent = dirname(path);
  // dirname() returns a root unchanged. The root does not exist if the drive is missing.
  if (parent === path) return found ?? path;
  return found ?? join(withTrueCase(parent), path.slice(parent.length));
}

/**
 * The error codes of realpath() on a Windows volume that is unknown to the Mount Manager, such as a
 * RAM disk (vitejs/vite#13654, python/cpython#128823).
 */
const NO_FINAL_PATH = ['EISDIR', 'UNKNOWN', 'EBADF', 'EINVAL'];

/**
 * Follows the links of an existing path and restores its true case. If the system cannot determine
 * the true path, only follows the links.
 */
function realPath(path: string): string {
  try {
    return realpathSync.native(path);
  } catch (error) {
    if (!NO_FINAL_PATH.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    return realpathSync(path);
  }
}

/**
 * Calls `read` if the path exists, else returns null. Checks with lstat() first, because creating
 * an Error in Node costs as much as ten system calls.
 */
function ifPresent<T>(path: string, read: (info: Stats) => T): T | null {
  return nullIfMissing(() => {
    const info = lstatSync(path, { throwIfNoEntry: false });
    return info === undefined ? null : read(info);
  });
}

function nullIfMissing<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw error;
  }
}

function tooManyLinks(path: string): Error {
  const message = `ELOOP: too many symbolic links encountered, lstat '${path}'`;
  return Object.assign(new Error(message), { code: 'ELOOP', syscall: 'lstat', path });
}
