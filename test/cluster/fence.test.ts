// The use of a fencing token: a holder that has lost its lock writes late. The next holder runs
// with and without a barrier, which is a first write of its token.
import { expect, onTestFinished, test } from 'vitest';
import { acquireClusterLock } from '../../src/cluster/index.js';
import { need } from '../support/capabilities.js';
import { ENGINES } from '../support/cluster/engines.js';

test.for(ENGINES)(
  'with $kind, a late write of the old holder is rejected after the new holder has written its token',
  async ({ missing, start }, ctx) => {
    need(ctx, missing);
    const servers = await start();
    onTestFinished(() => servers.stop());
    // Models a database row that is written only by `update ... where token <= $1`.
    let row = { token: 0n, value: '' };
    const write = (token: bigint, value: string) => {
      if (token < row.token) return false;
      row = { token, value };
      return true;
    };
    const older = await acquireClusterLock('fence', { engine: servers.engine(), ttlMs: 5000 });
    expect(write(older.token, 'older')).toBe(true);
    await servers.evict('fence');
    const newer = await acquireClusterLock('fence', { engine: servers.engine(), ttlMs: 5000 });
    onTestFinished(() => newer.release());
    // Without the barrier: a late write changes the value that the new holder has read.
    const read = row.value;
    expect(write(older.token, 'late')).toBe(true);
    expect(row.value).not.toBe(read);
    // With the barrier: the new holder writes its token first, and then reads.
    expect(write(newer.token, row.value)).toBe(true);
    expect(write(older.token, 'later')).toBe(false);
    expect(row).toEqual({ token: newer.token, value: 'late' });
  },
);
