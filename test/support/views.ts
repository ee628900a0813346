// Mounts two views of one directory, with separate file locks, and unmounts them after the test.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Missing } from './capabilities.js';
import { freshDirectory } from './directories.js';
import { mountOverlay, whyNoOverlay } from './mounts.js';

/** Two directories with the same files. */
export interface Views {
  readonly first: string;
  readonly second: string;
}

/** A way to create two views. */
export interface ViewKind {
  readonly name: string;
  readonly missing: () => Missing;
  readonly make: () => Views;
}

/**
 * Mounts `source` with a FUSE program. `options` come before the two directories on its command
 * line.
 */
export function mountFuse(program: 'bindfs' | 'mergerfs', source: string, ...options: string[]): string {
  const directory = freshDirectory();
  execFileSync(program, [...options, source, directory], { stdio: 'pipe' });
  // Unmounts lazily, because a dying process may still have a file open on the mount.
  onTestFinished(() => void execFileSync('umount', ['--lazy', directory], { stdio: 'pipe' }));
  return directory;
}

export function whyNoFuse(program: 'bindfs' | 'mergerfs'): Missing {
  const base = mkdtempSync(join(tmpdir(), 'gateway-lock-fuse-'));
  const [source, view] = [join(base, 'source'), join(base, 'view')];
  try {
    for (const directory of [source, view]) mkdirSync(directory);
    execFileSync(program, [source, view], { stdio: 'pipe' });
    execFileSync('umount', [view], { stdio: 'pipe' });
    return null;
  } catch (error) {
    return `cannot mount with ${program} here: ${(error as Error).message.split('\n')[0]}`;
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
}

function overlayViews(): Views {
  const { lower, merged } = mountOverlay();
  return { first: lower, second: merged };
}

export const VIEW_KINDS: readonly ViewKind[] = [
  {
    name: 'two bindfs mounts',
    missing: () => whyNoFuse('bindfs'),
    make: () => {
      const source = freshDirectory();
      return { first: mountFuse('bindfs', source), second: mountFuse('bindfs', source) };
    },
  },
  {
    name: 'a directory and a bindfs mount of it',
    missing: () => whyNoFuse('bindfs'),
    make: () => {
      const first = freshDirectory();
      return { first, second: mountFuse('bindfs', first) };
    },
  },
  {
    name: 'a mergerfs pool and its branch',
    missing: () => whyNoFuse('mergerfs'),
    make: () => {
      const second = freshDirectory();
      return { first: mountFuse('mergerfs', second), second };
    },
  },
  {
    name: 'a branch and its mergerfs pool',
    missing: () => whyNoFuse('mergerfs'),
    make: () => {
      const first = freshDirectory();
      return { first, second: mountFuse('mergerfs', first) };
    },
  },
  { name: 'the lower directory of an overlay and the overlay', missing: whyNoOverlay, make: overlayViews },
];
