import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tryAcquireLock } from 'gateway-lock';

test('a second attempt is refused', () => {
  const lock = tryAcquireLock('test.lock');
  assert.equal(tryAcquireLock('test.lock'), null);
  lock.release();
});
