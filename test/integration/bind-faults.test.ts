// A system call that fails while a port is bound or closed leaves no socket behind.
import { expect, test } from 'vitest';
import { startActor } from '../support/actors.js';
import { need } from '../support/capabilities.js';
import { startFaultyActor, whyNoFaults } from '../support/faulty-actor.js';
import { freePort, freshDirectory } from '../support/places.js';

const sanitized = process.env['LD_PRELOAD']?.includes('tsan');
const missing = sanitized ? 'ThreadSanitizer has an fstat() of its own' : whyNoFaults();

test('a bind whose socket cannot be examined fails, and leaves the port free', async (ctx) => {
  need(ctx, missing);
  const failing = await startFaultyActor('fstat EPERM at bind', freshDirectory());
  const port = await freePort();
  await expect(failing.call('bind', { port })).rejects.toMatchObject({ code: 'EPERM' });
  await expect((await startActor()).call('bind', { port })).resolves.toMatchObject({ port });
});

test('a listener whose socket cannot be examined at the close is closed all the same', async (ctx) => {
  need(ctx, missing);
  const failing = await startFaultyActor('fstat EPERM at close', freshDirectory());
  const { port } = await failing.call<{ port: number }>('bind', { port: 0 });
  await failing.call('closeListener');
  await expect((await startActor()).call('bind', { port })).resolves.toMatchObject({ port });
});
