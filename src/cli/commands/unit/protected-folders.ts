// Folders that macOS opens only to programs that the user has allowed (TCC). A launchd job gets
// EPERM in them, even though the file modes allow access and programs in a terminal can read them.
import { homedir } from 'node:os';
import { join, relative, sep } from 'node:path';

const OF_USER = ['Desktop', 'Documents', 'Downloads', 'Library/Mobile Documents', 'Library/CloudStorage'];

/** Returns the first of `paths` that is in a protected folder, or undefined if none is. */
export function protectedPath(paths: readonly string[], home = homedir()): string | undefined {
  const folders = [...OF_USER.map((name) => join(home, name)), '/Volumes'];
  return paths.find((path) => folders.some((folder) => isInside(path, folder)));
}

function isInside(path: string, folder: string): boolean {
  const rest = relative(folder, path);
  return (
    rest === '' || (!rest.startsWith(`..${sep}`) && rest !== '..' && !rest.startsWith(sep) && !/^[A-Za-z]:/.test(rest))
  );
}
