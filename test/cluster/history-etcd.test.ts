import { test } from 'vitest';
import { need } from '../support/capabilities.js';
import { whyNoEtcd } from '../support/cluster/engines.js';
import { expectCleanHistory, expectDoubles, HISTORY_SECONDS } from '../support/cluster/history/expectations.js';

test(`${HISTORY_SECONDS} s of etcd with stopped, cut off, blocked and killed clients, leader kills and quorum losses`, async (ctx) => {
  need(ctx, whyNoEtcd);
  await expectCleanHistory('etcd');
});

test('control: holders that ignore their deadline are found out', async (ctx) => {
  need(ctx, whyNoEtcd);
  await expectDoubles('etcd');
});
