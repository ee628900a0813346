// One name for one place: two paths to the same directory must give the same lock.
import { lstatSync, readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

/**
 * The path with all links resolved, also where its last parts do not exist yet. On a file system that
 * ignores case, existing parts get their true case and missing ones are folded to lower case.
 */
export function canonicalPath(path: string): string {
  const missing: string[] = [];
  let existing = resolve(path);
  for (;;) {
    const real = tryRealpath(existing);
    if (real !== null) return join(real, ...(ignoresCase(real) ? missing.map((part) => part.toLowerCase()) : missing));
    const target = targetOfLink(existing);
    if (target === null) missing.unshift(basename(existing));
    existing = target ?? dirname(existing);
  }
}

/** Of a link that leads nowhere yet; null when it is no link. A circle of links has failed before, with ELOOP. */
function targetOfLink(path: string): string | null {
  const isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
  return isLink ? resolve(dirname(path), readlinkSync(path)) : null;
}

/** null when there is nothing; other failures (EACCES, ELOOP) are errors, or one place got two names. */
function tryRealpath(path: string): string | null {
  try {
    return realpathSync.native(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw error;
  }
}

/** Whether this directory is found by another spelling, too. */
function ignoresCase(directory: string): boolean {
  const name = basename(directory);
  const swapped = name === name.toLowerCase() ? name.toUpperCase() : name.toLowerCase();
  if (swapped === name) return false;
  const one = lstatSync(directory);
  const other = lstatSync(join(dirname(directory), swapped), { throwIfNoEntry: false });
  return other !== undefined && other.dev === one.dev && other.ino === one.ino;
}
