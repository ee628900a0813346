// Folders that macOS shows only to programs that the user has allowed (TCC): a launchd job gets EPERM there, although
// `ls -l` looks right and a terminal may read them.
import { homedir } from 'node:os';
import { join, relative, sep } from 'node:path';

const OF_USER = ['Desktop', 'Documents', 'Downloads', 'Library/Mobile Documents', 'Library/CloudStorage'];

/** Returns the first of `paths` that lies in such a folder, or undefined. */
export function protectedPath(paths: readonly string[], home = homedir()): string | undefined {
  const folders = [...OF_USER.map((name) => join(home, name)), '/Volumes'];
  return paths.find((path) => folders.some((folder) => isInside(path, folder)));
}

function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === '' || (!way.startsWith(`..${sep}`) && way !== '..' && !way.startsWith(sep) && !/^[A-Za-z]:/.test(way));
}
