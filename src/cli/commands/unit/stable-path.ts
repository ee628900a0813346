// A path that an upgrade of the program does not take away.
import { realpathSync } from 'node:fs';
import { basename } from 'node:path';

/** Homebrew: `<prefix>/Cellar/<formula>/<version>/<rest>`. */
const IN_CELLAR = /^(.*)\/Cellar\/([^/]+)\/[^/]+\/(.+)$/;

/**
 * Returns the name by which Homebrew keeps the same file across versions. `brew upgrade` removes the folder of the old version,
 * and a service that names it cannot start again (openclaw/openclaw#32185). Returns `path` if there is no such name.
 */
export function stablePath(path: string): string {
  const [, prefix, formula, rest] = IN_CELLAR.exec(path) ?? [];
  if (prefix === undefined) return path;
  const names = [`${prefix}/opt/${formula}/${rest}`, `${prefix}/bin/${basename(path)}`];
  return names.find((name) => isSameFile(name, path)) ?? path;
}

export function isInCellar(path: string): boolean {
  return IN_CELLAR.test(path);
}

function isSameFile(one: string, other: string): boolean {
  try {
    return realpathSync.native(one) === realpathSync.native(other);
  } catch {
    return false;
  }
}
