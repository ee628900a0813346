import { test } from 'vitest';
import { need } from '../support/capabilities.js';
import { whyNoPostgres } from '../support/cluster/engines.js';
import { expectCleanHistory, expectDoubles, HISTORY_SECONDS } from '../support/cluster/history/expectations.js';

test(`${HISTORY_SECONDS} s of PostgreSQL with stopped, cut off, blocked and killed clients, restarts and crashes`, async (ctx) => {
  need(ctx, whyNoPostgres);
  await expectCleanHistory('postgres');
});

test('control: holders that ignore their deadline are found out', async (ctx) => {
  need(ctx, whyNoPostgres);
  await expectDoubles('postgres');
});
