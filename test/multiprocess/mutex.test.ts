// acquireLock() as a mutex of two tasks that do nothing else: the microtask queue never runs empty, so whatever a wait leaves to the
// event loop stays. Each such wait must not cost a descriptor.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { need, whyNoShell } from '../support/capabilities.js';
import { start } from '../support/command.js';
import { freshDirectory } from '../support/places.js';

const MUTEX = fileURLToPath(new URL('../fixtures/mutex.mjs', import.meta.url));
const ROUNDS = 100_000;

test(`${ROUNDS} rounds of two tasks need no more than 64 descriptors`, async (ctx) => {
  need(ctx, whyNoShell);
  const script = 'ulimit -n 64; exec "$@"';
  const words = ['-c', script, 'sh', process.execPath, MUTEX, join(freshDirectory(), 'a.lock'), String(ROUNDS)];
  const { code, out, err } = await start(words, { program: ['/bin/sh'] }).ended;
  expect({ code, out, err }).toEqual({ code: 0, out: `${ROUNDS}\n`, err: '' });
}, 300_000);
