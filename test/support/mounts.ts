// File systems that the test mounts for itself, and that are gone when it has finished.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Missing } from './capabilities.js';
import { freshDirectory } from './places.js';

export function mountTmpfs(): string {
  const directory = freshDirectory();
  mount(['-t', 'tmpfs', 'tmpfs', directory]);
  onTestFinished(() => unmount(directory));
  return directory;
}

export interface Overlay {
  readonly lower: string;
  readonly merged: string;
}

/** The upper layer on a tmpfs, the lower one elsewhere: as a container has them, with two devices below. */
export function mountOverlay(): Overlay {
  const lower = freshDirectory();
  const upper = mountTmpfs();
  const merged = layOver(lower, upper);
  onTestFinished(() => unmount(merged));
  return { lower, merged };
}

export function whyNoOverlay(): Missing {
  const base = mkdtempSync(join(tmpdir(), 'gateway-lock-overlay-'));
  try {
    mount(['-t', 'tmpfs', 'tmpfs', base]);
    try {
      mkdirSync(join(base, 'lower'));
      unmount(layOver(join(base, 'lower'), base));
    } finally {
      unmount(base);
    }
    return null;
  } catch (error) {
    return `cannot mount overlayfs here: ${(error as Error).message.split('\n')[0]}`;
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
}

function layOver(lower: string, base: string): string {
  const [upper, work, merged] = [join(base, 'upper'), join(base, 'work'), join(base, 'merged')];
  for (const directory of [upper, work, merged]) mkdirSync(directory);
  mount(['-t', 'overlay', 'overlay', '-o', `lowerdir=${lower},upperdir=${upper},workdir=${work}`, merged]);
  return merged;
}

function mount(args: string[]): void {
  execFileSync('mount', args, { stdio: 'pipe' });
}

function unmount(directory: string): void {
  execFileSync('umount', [directory], { stdio: 'pipe' });
}
