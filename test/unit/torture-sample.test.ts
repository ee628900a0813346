import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sampleOf } from '../torture/sample.mjs';

interface Item {
  readonly call: string;
  readonly error: string;
}

const items = fc.array(fc.record({ call: fc.constantFrom('open', 'read', 'flock'), error: fc.constantFrom('a', 'b') }));
const keysOf = ({ call, error }: Item) => [call, error];

describe('the sample of npm run torture -- --quick', () => {
  test('contains each key of the list, and each item at most once, in the order of the list', () => {
    fc.assert(
      fc.property(items, (list) => {
        const sample = sampleOf(list, keysOf) as Item[];
        expect(new Set(sample.flatMap(keysOf))).toEqual(new Set(list.flatMap(keysOf)));
        expect(sample).toEqual(list.filter((item) => sample.includes(item)));
      }),
    );
  });

  test('needs no more items than there are keys', () => {
    fc.assert(
      fc.property(items, (list) => {
        expect(sampleOf(list, keysOf).length).toBeLessThanOrEqual(5);
      }),
    );
  });

  test('omits what an earlier sample has covered', () => {
    const covered = new Set<string>();
    const list = [
      { call: 'open', error: 'a' },
      { call: 'read', error: 'a' },
    ];
    expect(sampleOf(list, keysOf, covered)).toHaveLength(2);
    expect(sampleOf([...list, { call: 'flock', error: 'a' }], keysOf, covered)).toEqual([
      { call: 'flock', error: 'a' },
    ]);
  });
});
