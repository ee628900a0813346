// Reports whether the file of a held lock can be removed. Windows refuses this; see
// test/integration/windows-lock.test.ts.
import { mkdtempSync, rmSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tryAcquireLock } from '../../src/index.js';
import type { Missing } from './capabilities.js';

export const whyHeldFileStays: Missing = probe();

function probe(): Missing {
  const directory = mkdtempSync(join(tmpdir(), 'gateway-lock-held-'));
  const path = join(directory, 'a.lock');
  const lock = tryAcquireLock(path);
  try {
    unlinkSync(path);
    return null;
  } catch (error) {
    return `this system does not remove the file of a held lock: ${(error as NodeJS.ErrnoException).code}`;
  } finally {
    lock?.release();
    rmSync(directory, { recursive: true, force: true });
  }
}
