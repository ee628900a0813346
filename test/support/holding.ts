// Acquires a lock in this process, and releases it after the test.
import { onTestFinished } from 'vitest';
import { type AcquireLockOptions, type FileLock, tryAcquireLock } from '../../src/index.js';

export function hold(path: string, options: AcquireLockOptions = {}): FileLock {
  const lock = tryAcquireLock(path, options);
  if (lock === null) throw new Error(`'${path}' is held`);
  onTestFinished(() => lock.release());
  return lock;
}
