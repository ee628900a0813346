import { describe, expect, test } from 'vitest';
import {
  grantRequest,
  queueRequest,
  readKeepAlive,
  readWatch,
  watchRequest,
} from '../../src/cluster/engines/etcd/messages.js';
import { encode, Message } from '../../src/cluster/engines/etcd/protobuf.js';

describe('the Protocol Buffers wire format', () => {
  // Examples from protobuf.dev/programming-guides/encoding.
  test.each([
    ['a varint', encode([[1, 150]]), '089601'],
    ['a string', encode([[2, 'testing']]), '120774657374696e67'],
    ['a message', encode([[3, encode([[1, 150]])]]), '1a03089601'],
    ['a negative number', encode([[1, -2]]), '08feffffffffffffffff01'],
  ])('encodes %s', (_, bytes, hex) => {
    expect(bytes.toString('hex')).toBe(hex);
  });

  test.each([0n, 1n, 127n, 128n, 2n ** 53n + 1n, 2n ** 63n - 1n, -1n, -(2n ** 63n)])(
    'decodes the encoded number %s to the same number',
    (value) => {
      expect(new Message(encode([[5, value]])).int(5)).toBe(value);
    },
  );

  test('reads an absent field as its default, and a repeated scalar field as its last value', () => {
    const message = new Message(
      encode([
        [1, 1],
        [1, 2],
        [2, 'a'],
        [2, 'b'],
      ]),
    );
    expect([message.int(1), message.text(2), message.messages(9), message.message(9).int(1)]).toEqual([
      2n,
      'b',
      [],
      0n,
    ]);
  });

  test('skips fields of other wire types', () => {
    const fixed = Buffer.from('0d01020304' + '110102030405060708' + '1801', 'hex');
    expect(new Message(fixed).int(3)).toBe(1n);
  });

  test.each(['08', '0896', '1205616263', '0b', '08ffffffffffffffffffffff'])('refuses the invalid bytes %s', (hex) => {
    expect(() => new Message(Buffer.from(hex, 'hex'))).toThrow(RangeError);
  });
});

describe("the messages of etcd's API", () => {
  test('etcd messages keep all 63 bits of a lease id', () => {
    expect(new Message(grantRequest(2n ** 63n - 1n, 15)).int(2)).toBe(2n ** 63n - 1n);
  });

  test('a range request for the lock queue covers the prefix that ends with a slash, ordered by creation', () => {
    const oldest = new Message(queueRequest('gateway-lock/a/'));
    expect([oldest.text(1), oldest.text(2), oldest.int(5), oldest.int(13)]).toEqual([
      'gateway-lock/a/',
      'gateway-lock/a0',
      1n,
      0n,
    ]);
    const before = new Message(queueRequest('gateway-lock/a/', 7n));
    expect([before.int(5), before.int(13)]).toEqual([2n, 7n]);
  });

  test('a decoded response for a lease that does not exist has a time to live of 0', () => {
    expect(readKeepAlive(encode([[2, 5]]))).toEqual({ ttlSeconds: 0, raftTerm: 0n });
  });

  test('a decoded watch response reports a deletion and the end of the watch', () => {
    expect(new Message(watchRequest('k', 9n)).message(1).int(3)).toBe(9n);
    expect(readWatch(encode([[11, encode([[1, 1]])]]))).toEqual({ deleted: true, canceled: null });
    expect(readWatch(encode([[3, true]]))).toEqual({ deleted: false, canceled: null });
    expect(
      readWatch(
        encode([
          [4, true],
          [6, 'compacted'],
        ]),
      ),
    ).toEqual({ deleted: false, canceled: 'compacted' });
  });
});
