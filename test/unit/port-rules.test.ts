import { expect, test } from 'vitest';
import { addressesToGuard, bindLimit } from '../../src/native/port-rules.js';

test('on macOS a wildcard is guarded on the loopbacks that it takes connections of, and nothing else is', () => {
  expect(addressesToGuard('0.0.0.0', 'darwin')).toEqual(['127.0.0.1']);
  expect(addressesToGuard('::', 'darwin')).toEqual(['::1', '127.0.0.1']);
  for (const address of ['127.0.0.1', '::1', '192.0.2.1', '2001:db8::1'])
    expect(addressesToGuard(address, 'darwin'), address).toEqual([]);
});

test('Linux and Windows refuse each newcomer, so nothing is guarded and nothing has to be said', () => {
  for (const platform of ['linux', 'win32'] as const) {
    expect(addressesToGuard('0.0.0.0', platform)).toEqual([]);
    expect(bindLimit('0.0.0.0', platform)).toBeNull();
  }
});

test('on macOS people are told what may listen beside the gateway', () => {
  expect(bindLimit('127.0.0.1', 'darwin')).toMatch(/beside 127\.0\.0\.1, on the wildcard/);
  expect(bindLimit('0.0.0.0', 'darwin')).toMatch(/each address but loopback/);
});
