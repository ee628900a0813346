// Finds a path of a program that stays valid after an upgrade by Homebrew.
import { realpathSync } from 'node:fs';
import { basename } from 'node:path';

/** A version's path in Homebrew: `<prefix>/Cellar/<formula>/<version>/<rest>`. */
const IN_CELLAR = /^(.*)\/Cellar\/([^/]+)\/[^/]+\/(.+)$/;

/**
 * Returns a path of the same file that Homebrew keeps across versions, or `path` if there is none.
 * `brew upgrade` removes the old version's folder, and a service that names this folder cannot
 * start again (openclaw/openclaw#32185).
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
