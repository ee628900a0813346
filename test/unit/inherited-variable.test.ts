import { expect, test } from 'vitest';
import { formatInherited, parseInherited } from '../../src/gateway/inherited/variable.js';

const keeper = { pid: 12, startToken: 3456 };
const predecessor = { pid: 78, startToken: 9012 };

test('the descriptors are numbered from 3 on: sockets, locks, channel', () => {
  expect(parseInherited(formatInherited({ from: 'upgrade', sockets: 2, locks: 2 }))).toEqual({
    from: 'upgrade',
    sockets: [3, 4],
    locks: [5, 6],
    channel: 7,
    keeper: null,
    predecessor: null,
  });
});

test('a program without a socket inherits locks and channel, and learns the processes', () => {
  expect(parseInherited(formatInherited({ from: 'run', sockets: 0, locks: 1, keeper, predecessor }))).toEqual({
    from: 'run',
    sockets: [],
    locks: [3],
    channel: 4,
    keeper,
    predecessor,
  });
});

test('the value is one line', () => {
  expect(formatInherited({ from: 'run', sockets: 1, locks: 2, keeper })).toBe(
    '{"from":"run","sockets":[3],"locks":[4,5],"channel":6,"keeper":{"pid":12,"startToken":3456}}',
  );
});

test.each([
  ['nothing', ''],
  ['no JSON', '{"from":"run"'],
  ['null', 'null'],
  ['a number', '4'],
  ['another source', '{"from":"exec","sockets":[3],"locks":[4],"channel":5}'],
  ['no lock', '{"from":"run","sockets":[3],"locks":[],"channel":5}'],
  ['stdin', '{"from":"run","sockets":[0],"locks":[4],"channel":5}'],
  ['a descriptor twice', '{"from":"run","sockets":[3],"locks":[4],"channel":4}'],
  ['a text for a descriptor', '{"from":"run","sockets":["3"],"locks":[4],"channel":5}'],
  ['no channel', '{"from":"run","sockets":[3],"locks":[4]}'],
  ['a keeper without a pid', '{"from":"run","sockets":[3],"locks":[4],"channel":5,"keeper":{}}'],
  ['null for a predecessor', '{"from":"run","sockets":[3],"locks":[4],"channel":5,"predecessor":null}'],
])('%s is not a value of the variable', (_title, text) => {
  expect(parseInherited(text)).toBeNull();
});
