// Faults while a port is bound or closed: no socket may stay open after a failed system call.
import { expect, test } from 'vitest';
import { startActor } from '../support/actors.js';
import { need } from '../support/capabilities.js';
import { freshDirectory } from '../support/directories.js';
import { startFaultyActor, whyNoFaults } from '../support/faulty-actor.js';
import { freePort } from '../support/free-port.js';

const sanitized = process.env['LD_PRELOAD']?.includes('tsan');
const missing = sanitized ? 'ThreadSanitizer has an fstat() of its own' : whyNoFaults();

test('bindExclusive() fails and leaves the port free if fstat() fails on the new socket', async (ctx) => {
  need(ctx, missing);
  const failing = await startFaultyActor('fstat EPERM at bind', freshDirectory());
  const port = await freePort();
  await expect(failing.call('bind', { port })).rejects.toMatchObject({ code: 'EPERM' });
  await expect((await startActor()).call('bind', { port })).resolves.toMatchObject({ port });
});

test('close() frees the port of a listener even if fstat() fails on its socket', async (ctx) => {
  need(ctx, missing);
  const failing = await startFaultyActor('fstat EPERM at close', freshDirectory());
  const { port } = await failing.call<{ port: number }>('bind', { port: 0 });
  await failing.call('closeListener');
  await expect((await startActor()).call('bind', { port })).resolves.toMatchObject({ port });
});
