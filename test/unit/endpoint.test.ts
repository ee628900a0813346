import { describe, expect, test } from 'vitest';
import { addressesOf, connectableAddress, webSocketUrl } from '../../src/endpoint.js';

describe('addressesOf()', () => {
  test('returns both loopback addresses for localhost, IPv4 first', () => {
    expect(addressesOf('localhost')).toEqual(['127.0.0.1', '::1']);
  });

  test.each(['127.0.0.1', '127.0.0.2', '0.0.0.0', '192.0.2.1', '::', '::1', '::ffff:127.0.0.1', 'fe80::1%eth0'])(
    'returns the address %s itself',
    (address) => {
      expect(addressesOf(address)).toEqual([address]);
    },
  );

  test.each([
    '',
    ' ',
    'example.org',
    'LOCALHOST',
    'localhost.',
    '127.1',
    '0x7f000001',
    '256.0.0.1',
    '[::1]',
    '127.0.0.1:80',
    '::1\0',
  ])('addressesOf() throws for %j, because it resolves no names', (host) => {
    expect(() => addressesOf(host)).toThrow(
      expect.objectContaining({
        name: 'TypeError',
        code: 'ERR_INVALID_ARG_VALUE',
        message: `host must be an IP address or 'localhost', not ${JSON.stringify(host)}`,
      }),
    );
  });

  test.each([[undefined], [null], [5], [['127.0.0.1']], [{}]])(
    'addressesOf() throws for %j, which is not a string',
    (host) => {
      expect(() => addressesOf(host)).toThrow(
        expect.objectContaining({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' }),
      );
    },
  );
});

describe('connectableAddress()', () => {
  test.each([
    ['0.0.0.0', '127.0.0.1'],
    ['::', '::1'],
    ['0:0:0:0:0:0:0:0', '::1'],
    ['::0', '::1'],
  ])('returns loopback for the wildcard %s', (address, reached) => {
    expect(connectableAddress(address)).toBe(reached);
  });

  test.each(['127.0.0.1', '127.0.0.2', '10.0.0.0', '0.0.0.1', '::1', '::2', 'fe80::', '::ffff:127.0.0.1'])(
    'returns the address %s itself',
    (address) => {
      expect(connectableAddress(address)).toBe(address);
    },
  );
});

describe('webSocketUrl()', () => {
  test.each([
    ['127.0.0.1', 'ws://127.0.0.1:18789'],
    ['localhost', 'ws://localhost:18789'],
    ['::1', 'ws://[::1]:18789'],
    ['::', 'ws://[::]:18789'],
  ])('formats %s as %s', (host, url) => {
    expect(webSocketUrl(host, 18789)).toBe(url);
  });

  test('returns a URL that new URL() parses back to the same host and port', () => {
    expect(new URL(webSocketUrl('::1', 80))).toMatchObject({ hostname: '[::1]', protocol: 'ws:' });
    expect(new URL(webSocketUrl('127.0.0.1', 65535)).port).toBe('65535');
  });
});
