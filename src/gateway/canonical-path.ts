// One name for one place: two paths to the same directory must give the same lock.
import { lstatSync, readlinkSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, join, parse, sep } from 'node:path';

/** As Linux has it (MAXSYMLINKS). */
const MOST_LINKS = 40;

/**
 * The path as the kernel would walk it, one part after the other, with every link followed, also where
 * its last parts do not exist yet. On a file system that ignores case, parts that exist get their true
 * case.
 */
export function canonicalPath(path: string): string {
  const absolute = isAbsolute(path) ? path : join(process.cwd(), sep) + path;
  let { root: place } = parse(absolute);
  const ahead = absolute.slice(place.length).split(sep);
  for (let links = 0; ahead.length > 0; ) {
    const next = step(place, ahead.shift()!);
    const target = linkTarget(next);
    if (target === null) {
      place = next;
      continue;
    }
    if (++links > MOST_LINKS) throw tooManyLinks(path);
    if (isAbsolute(target)) place = parse(target).root;
    ahead.unshift(...target.slice(isAbsolute(target) ? place.length : 0).split(sep));
  }
  return withTrueCase(place);
}

function step(place: string, part: string): string {
  if (part === '' || part === '.') return place;
  return part === '..' ? dirname(place) : join(place, part);
}

/** null for anything that is no link, or not there. */
function linkTarget(path: string): string | null {
  try {
    return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : null;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

function withTrueCase(path: string): string {
  try {
    return realpathSync.native(path);
  } catch (error) {
    if (!isMissing(error)) throw error;
    return join(withTrueCase(dirname(path)), path.slice(dirname(path).length));
  }
}

function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

function tooManyLinks(path: string): Error {
  const message = `ELOOP: too many symbolic links encountered, lstat '${path}'`;
  return Object.assign(new Error(message), { code: 'ELOOP', syscall: 'lstat', path });
}
