import { probeLock, withLock } from 'gateway-lock';
import { expect, test } from 'vitest';

test('a lock is held', async () => {
  expect(await withLock('job.lock', () => probeLock('job.lock').state)).toBe('held');
});
