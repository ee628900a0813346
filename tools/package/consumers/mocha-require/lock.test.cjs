const assert = require('node:assert');
const { probeLock, withLock } = require('gateway-lock');

it('holds a lock', async () => {
  assert.equal(await withLock('job.lock', () => probeLock('job.lock').state), 'held');
});
