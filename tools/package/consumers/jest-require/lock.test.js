const { LockError, probeLock, tryAcquireLock, withLock } = require('gateway-lock');

test('a lock is held', async () => {
  expect(await withLock('job.lock', () => probeLock('job.lock').state)).toBe('held');
});

test('a path may be a URL', () => {
  tryAcquireLock(new URL(`file://${__dirname}/url.lock`)).release();
});

test('an error is an instance of its class', () => {
  expect(() => tryAcquireLock(__filename)).toThrow(LockError);
});
