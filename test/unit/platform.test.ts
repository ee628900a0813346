import { expect, test } from 'vitest';
import { addressesToGuard, bindLimit } from '../../src/native/platform.js';

test('on macOS only a bind of a wildcard address needs guards, on each loopback address that the wildcard covers', () => {
  expect(addressesToGuard('0.0.0.0', 'darwin')).toEqual(['127.0.0.1']);
  expect(addressesToGuard('::', 'darwin')).toEqual(['::1', '127.0.0.1']);
  for (const address of ['127.0.0.1', '::1', '192.0.2.1', '2001:db8::1'])
    expect(addressesToGuard(address, 'darwin'), address).toEqual([]);
});

test('on Linux and Windows a bind needs no guards and has no limit, because the kernel refuses every second bind', () => {
  for (const platform of ['linux', 'win32'] as const) {
    expect(addressesToGuard('0.0.0.0', platform)).toEqual([]);
    expect(bindLimit('0.0.0.0', platform)).toBeNull();
  }
});

test('on macOS the reported limit of a bind describes which servers can listen beside the gateway', () => {
  expect(bindLimit('127.0.0.1', 'darwin')).toMatch(/beside 127\.0\.0\.1, on the wildcard/);
  expect(bindLimit('0.0.0.0', 'darwin')).toMatch(/every address except the loopback addresses/);
});
