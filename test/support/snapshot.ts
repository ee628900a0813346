// Takes a snapshot of a file, directory or link, with its metadata and content.
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

/**
 * Returns a snapshot. If two snapshots are equal, the file was not changed, replaced or removed in
 * between.
 */
export function snapshotOf(path: string): object {
  const { dev, ino, mode, nlink, uid, gid, size, mtimeMs, ctimeMs } = lstatSync(path);
  return { dev, ino, mode, nlink, uid, gid, size, mtimeMs, ctimeMs, content: contentOf(path) };
}

function contentOf(path: string): unknown {
  const info = lstatSync(path);
  if (info.isSymbolicLink()) return readlinkSync(path);
  if (info.isDirectory()) return readdirSync(path);
  return info.isFile() ? readFileSync(path, 'latin1') : null;
}
