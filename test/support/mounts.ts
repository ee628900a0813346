// Mounts file systems for a test, and unmounts them after the test.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Missing } from './capabilities.js';
import { freshDirectory } from './directories.js';

/** Mounts a tmpfs and returns its directory. */
export function mountTmpfs(): string {
  const directory = freshDirectory();
  mount(['-t', 'tmpfs', 'tmpfs', directory]);
  onTestFinished(() => unmount(directory));
  return directory;
}

/** An overlay mount. */
export interface Overlay {
  readonly lower: string;
  readonly merged: string;
}

/**
 * Mounts an overlay as container runtimes do: the upper layer is on a tmpfs, the lower layer on
 * another device.
 */
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

/**
 * Mounts a view in which every file has mode 0777 and chmod() has no effect, as on NTFS and Windows
 * drives in WSL.
 */
export function mountFixedModes(): string {
  const [source, view] = [freshDirectory(), freshDirectory()];
  bindWithFixedModes(source, view);
  onTestFinished(() => unmount(view));
  return view;
}

export function whyNoFixedModes(): Missing {
  const [source, view] = [0, 1].map(() => mkdtempSync(join(tmpdir(), 'gateway-lock-modes-')));
  try {
    bindWithFixedModes(source!, view!);
    unmount(view!);
    return null;
  } catch (error) {
    return `cannot mount with bindfs here: ${(error as Error).message.split('\n')[0]}`;
  } finally {
    for (const directory of [source!, view!]) rmSync(directory, { recursive: true, force: true });
  }
}

function bindWithFixedModes(source: string, view: string): void {
  execFileSync('bindfs', ['--chmod-ignore', '--perms=0777', source, view], { stdio: 'pipe' });
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
