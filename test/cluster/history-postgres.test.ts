import { test } from 'vitest';
import { need } from '../support/capabilities.js';
import { whyNoPostgres } from '../support/cluster/engines.js';
import { expectCleanHistory, expectDoubles, HISTORY_SECONDS } from '../support/cluster/history/expectations.js';

test(`no two clients hold a PostgreSQL lock at once in ${HISTORY_SECONDS} s with stopped, cut off, blocked and killed clients, restarts and crashes`, async (ctx) => {
  need(ctx, whyNoPostgres);
  await expectCleanHistory('postgres');
});

test('control: the oracle detects PostgreSQL holders that ignore their deadline', async (ctx) => {
  need(ctx, whyNoPostgres);
  await expectDoubles('postgres');
});
