import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startActor } from '../support/actors.js';
import { freshDirectory } from '../support/places.js';

test('a holder refuses a contender in another process, and its release lets it in', async () => {
  const path = join(freshDirectory(), 'a.lock');
  const [holder, contender] = await Promise.all([startActor(), startActor()]);
  expect(await holder.call('tryAcquire', path)).toMatchObject({ reclaimed: null, strength: 'local' });
  expect(await contender.call('tryAcquire', path)).toBeNull();
  await holder.call('release', path);
  expect(await contender.call('tryAcquire', path)).toMatchObject({ reclaimed: null });
});
