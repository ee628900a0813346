import { tryAcquireLock } from 'gateway-lock';
import { expect, test } from 'vitest';

test('a second attempt is refused', () => {
  const lock = tryAcquireLock('test.lock');
  expect(tryAcquireLock('test.lock')).toBeNull();
  lock.release();
});
