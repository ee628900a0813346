// Uses acquireLock() as a mutex of two tasks that do nothing else. The microtask queue is never
// empty, so the event loop never runs the cleanup that follows a wait. A wait must therefore not
// keep a descriptor until its cleanup.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { need, whyNoShell } from '../support/capabilities.js';
import { start } from '../support/command.js';
import { freshDirectory } from '../support/directories.js';

const MUTEX = fileURLToPath(new URL('../fixtures/mutex.mjs', import.meta.url));

const KINDS = [
  { what: 'a lock file that each release removes', after: 'remove', rounds: 100_000 },
  { what: 'a lock file that each release keeps', after: 'keep', rounds: 10_000 },
];

test.for(KINDS)(
  'two tasks that exclude each other $rounds times with $what need at most 64 descriptors',
  { timeout: 300_000 },
  async (kind, ctx) => {
    need(ctx, whyNoShell);
    const script = 'ulimit -n 64; exec "$@"';
    const path = join(freshDirectory(), 'a.lock');
    const words = ['-c', script, 'sh', process.execPath, MUTEX, path, String(kind.rounds), kind.after];
    const { code, out, err } = await start(words, { program: ['/bin/sh'] }).ended;
    expect({ code, out, err }).toEqual({ code: 0, out: `${kind.rounds}\n`, err: '' });
  },
);
