import assert from 'node:assert/strict';
import { tryAcquireLock } from 'gateway-lock';

it('refuses a second attempt', () => {
  const lock = tryAcquireLock('test.lock');
  assert.equal(tryAcquireLock('test.lock'), null);
  lock.release();
});
