import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startActor } from '../support/actors.js';
import { freshDirectory } from '../support/directories.js';

test('another process can acquire the lock only after the holder has released it', async () => {
  const path = join(freshDirectory(), 'a.lock');
  const [holder, other] = await Promise.all([startActor(), startActor()]);
  expect(await holder.call('tryAcquire', path)).toMatchObject({ reclaimed: null, strength: 'local' });
  expect(await other.call('tryAcquire', path)).toBeNull();
  await holder.call('release', path);
  expect(await other.call('tryAcquire', path)).toMatchObject({ reclaimed: null });
});
