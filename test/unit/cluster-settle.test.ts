import { expect, test } from 'vitest';
import { settleMs, tokenOf } from '../../src/cluster/engines/postgres/claim.js';

const TTL_MS = 5000;
const before = { timeline: '1', released: false, ttlMs: 8000, sameBoot: true, sameTimeline: true };

test.each([
  ['the session ended by itself', before, 0],
  ['the server was restarted, and the holder had released', { ...before, sameBoot: false, released: true }, 0],
  ['the server was restarted under the holder', { ...before, sameBoot: false }, 8000],
  ['the holder had a shorter time to live', { ...before, sameBoot: false, ttlMs: 1000 }, TTL_MS],
  [
    'another server was promoted, and may have missed a holder',
    { ...before, sameTimeline: false, released: true },
    8000,
  ],
  ['the first acquisition', { timeline: '1', released: null, ttlMs: null, sameBoot: null, sameTimeline: null }, 0],
  [
    'the first on a promoted server',
    { timeline: '2', released: null, ttlMs: null, sameBoot: null, sameTimeline: null },
    TTL_MS,
  ],
])('%s', (_, row, expected) => {
  expect(settleMs(row, TTL_MS)).toBe(expected);
});

test('a token of a later timeline is larger, whatever its counter', () => {
  expect(tokenOf({ timeline: '2', counter: '1' })).toBeGreaterThan(tokenOf({ timeline: '1', counter: '4294967295' }));
});
