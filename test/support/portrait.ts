// Everything that a touch would change about what lies at a path.
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Equal before and after means: not followed, truncated, changed, replaced or removed. */
export function portraitOf(path: string): object {
  const { dev, ino, mode, nlink, uid, gid, size, mtimeMs, ctimeMs } = lstatSync(path);
  return { dev, ino, mode, nlink, uid, gid, size, mtimeMs, ctimeMs, content: contentOf(path) };
}

function contentOf(path: string): unknown {
  const info = lstatSync(path);
  if (info.isSymbolicLink()) return readlinkSync(path);
  if (info.isDirectory()) return readdirSync(path);
  return info.isFile() ? readFileSync(path, 'latin1') : null;
}
