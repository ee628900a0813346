import { expect, test } from 'vitest';
import { upgradeNotes } from '../../src/cli/commands/status/upgrade-notes.js';
import type { ListedLock, OwnerRecord } from '../../src/index.js';

function held(fields: Partial<OwnerRecord>): ListedLock {
  return { state: 'held', owner: { pid: 7, ...fields } } as unknown as ListedLock;
}

test.each([
  [{ pid: 8, phase: 'starting' }, 'upgrade: pid 7 serves while its successor (pid 8) starts.'],
  [{ pid: 8, phase: 'draining' }, 'upgrade: pid 7 ends its connections; its successor (pid 8) is ready.'],
  [{ pid: 8, phase: 'kept', reason: 'exited' }, 'upgrade: pid 7 was kept, because its successor (pid 8) exited.'],
  [
    { pid: 8, phase: 'kept', reason: 'timed-out' },
    'upgrade: pid 7 was kept, because its successor (pid 8) was not ready in time.',
  ],
  [
    { pid: 8, phase: 'kept', reason: 'not-adopted' },
    'upgrade: pid 7 was kept, because its successor (pid 8) did not adopt the locks and the socket.',
  ],
  [
    { pid: null, phase: 'kept', reason: 'exited' },
    'upgrade: pid 7 was kept, because its successor could not be started.',
  ],
  [
    { pid: 8, phase: 'kept', reason: 'aborted' },
    'upgrade: pid 7 was kept, because its successor (pid 8) failed (aborted).',
  ],
] as const)('status describes the upgrade %j', (upgrade, text) => {
  expect(upgradeNotes([held({ upgrade })])).toEqual([text]);
});

test('status names the keeper of a gateway, and repeats nothing for its second lock', () => {
  const lock = held({ keeper: { pid: 5, startToken: 1 } });
  expect(upgradeNotes([lock, lock])).toEqual(['keeper: pid 5 (gateway-lock run) keeps the lock for pid 7.']);
});

test('status describes no upgrade of a holder that is gone', () => {
  expect(upgradeNotes([{ ...held({ upgrade: { pid: 8, phase: 'starting' } }), state: 'leftover' }])).toEqual([]);
});
