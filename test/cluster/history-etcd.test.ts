import { test } from 'vitest';
import { need } from '../support/capabilities.js';
import { whyNoEtcd } from '../support/cluster/engines.js';
import { expectCleanHistory, expectDoubles, HISTORY_SECONDS } from '../support/cluster/history/expectations.js';

test(`no two clients hold an etcd lock at once in ${HISTORY_SECONDS} s with stopped, cut off, blocked and killed clients, leader kills and quorum losses`, async (ctx) => {
  need(ctx, whyNoEtcd);
  await expectCleanHistory('etcd');
});

test('control: the oracle detects etcd holders that ignore their deadline', async (ctx) => {
  need(ctx, whyNoEtcd);
  await expectDoubles('etcd');
});
