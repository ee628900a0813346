// What this machine lets a test do. Tests skip by what they probed, with the reason that it gives.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** null, or why not. */
export type Missing = string | null;

export function whyNotRoot(): Missing {
  return process.getuid?.() === 0 ? null : 'needs root to act as another user';
}

export const whyNoPython: Missing = spawnSync('python3', ['--version']).status === 0 ? null : 'needs python3';

export function whyNoMount(): Missing {
  const directory = mkdtempSync(join(tmpdir(), 'gateway-lock-mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', directory], { stdio: 'pipe' });
    execFileSync('umount', [directory], { stdio: 'pipe' });
    return null;
  } catch (error) {
    return `cannot mount here: ${(error as Error).message.split('\n')[0]}`;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
