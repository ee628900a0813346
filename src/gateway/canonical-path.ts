// One name for one place: two paths to the same directory must give the same lock.
import { lstatSync, readlinkSync, realpathSync, type Stats } from 'node:fs';
import { dirname, join, parse, resolve } from 'node:path';
import { absolutePath, SEPARATOR } from '../native/platform.js';

/** As Linux has it (MAXSYMLINKS). */
const MOST_LINKS = 40;

/**
 * The path as the kernel would walk it, one part after the other, with every link followed, also where
 * its last parts do not exist yet. On a file system that ignores case, parts that exist get their true
 * case.
 */
export function canonicalPath(path: string): string {
  const absolute = absolutePath(path);
  // Mostly all of it exists: then the system walks it, and not we part for part.
  return nullIfMissing(() => realPath(absolute)) ?? walk(absolute);
}

/** The same for a name in a directory that is canonical already. */
export function canonicalChild(directory: string, name: string): string {
  const path = join(directory, name);
  return lookAt(path, () => canonicalPath(path)) ?? path;
}

function walk(path: string): string {
  let place = parse(path).root;
  const ahead = path.slice(place.length).split(SEPARATOR);
  for (let links = 0; ahead.length > 0; ) {
    const next = step(place, ahead.shift()!);
    const target = linkTarget(next);
    if (target === null) {
      place = next;
      continue;
    }
    if (++links > MOST_LINKS) throw tooManyLinks(path);
    const { root } = parse(target);
    // Windows has roots without a drive: it is the link's own.
    if (root !== '') place = resolve(place, root);
    ahead.unshift(...target.slice(root.length).split(SEPARATOR));
  }
  return withTrueCase(place);
}

function step(place: string, part: string): string {
  if (part === '' || part === '.') return place;
  return part === '..' ? dirname(place) : join(place, part);
}

/** null for anything that is no link, or not there. */
function linkTarget(path: string): string | null {
  return lookAt(path, (info) => (info.isSymbolicLink() ? readlinkSync(path) : null));
}

function withTrueCase(path: string): string {
  const found = lookAt(path, () => realPath(path));
  const parent = dirname(path);
  // The root of a drive that is not there.
  if (parent === path) return found ?? path;
  return found ?? join(withTrueCase(parent), path.slice(parent.length));
}

/** What Windows says of a volume that its Mount Manager does not know: a RAM disk (vitejs/vite#13654, python/cpython#128823). */
const NO_FINAL_PATH = ['EISDIR', 'UNKNOWN', 'EBADF', 'EINVAL'];

/** The path that the system gives the file, in its true case. Where the system cannot name it, with its links followed. */
function realPath(path: string): string {
  try {
    return realpathSync.native(path);
  } catch (error) {
    if (!NO_FINAL_PATH.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    return realpathSync(path);
  }
}

/** null for what is not there. Asked before, because an error of Node's costs as much as ten system calls. */
function lookAt<T>(path: string, look: (info: Stats) => T): T | null {
  return nullIfMissing(() => {
    const info = lstatSync(path, { throwIfNoEntry: false });
    return info === undefined ? null : look(info);
  });
}

function nullIfMissing<T>(look: () => T): T | null {
  try {
    return look();
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
