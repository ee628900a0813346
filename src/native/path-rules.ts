// How this system reads a path before it looks at a single file. In this layer because only it may know the platform.
import { isAbsolute, join, resolve, sep } from 'node:path';

/** What stands between two parts. */
export const SEPARATOR: string | RegExp = sep === '/' ? sep : /[\\/]/;

/**
 * The path from the root on, as the system walks it. Windows strikes out `..` by the letter, before it meets a link; elsewhere
 * `..` leaves the target of a link, so it has to stay.
 */
export function absolutePath(path: string): string {
  if (process.platform === 'win32') return resolve(path);
  return isAbsolute(path) ? path : join(process.cwd(), sep) + path;
}
