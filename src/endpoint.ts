// Hosts and addresses: which ones a host means, where a wildcard is asked, how they look in a URL.
import { invalidType, invalidValue } from './arguments.js';

/**
 * The numeric addresses that a host means. `localhost` is both loopbacks; no other name is looked up,
 * because a lock must not depend on a name server.
 */
export function addressesOf(host: unknown): readonly string[] {
  if (typeof host !== 'string') throw invalidType('host', 'a string', host);
  if (host === 'localhost') return ['127.0.0.1', '::1'];
  // node:net takes 1 to 2 ms to load, so it is neither imported nor asked about the default host.
  if (host === '127.0.0.1') return [host];
  if (process.getBuiltinModule('node:net').isIP(host) === 0)
    throw invalidValue('host', "an IP address or 'localhost'", host);
  return [host];
}

/** Where to connect to reach a listener on this address: a wildcard is asked on loopback. */
export function connectableAddress(address: string): string {
  if (address === '0.0.0.0') return '127.0.0.1';
  return isIPv6(address) && /^[0:.]+$/.test(address) ? '::1' : address;
}

/** Every loopback on which a listener on this address can be reached: `::` takes IPv4 as well. */
export function connectableAddresses(address: string): readonly string[] {
  const reached = connectableAddress(address);
  return reached === '::1' && address !== '::1' ? ['::1', '127.0.0.1'] : [reached];
}

/** `ws://127.0.0.1:18789`, `ws://[::1]:18789`. */
export function webSocketUrl(host: string, port: number): string {
  return `ws://${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

/** Of an address that is one: no other has a colon. */
export function isIPv6(address: string): boolean {
  return address.includes(':');
}

/** Whether a bind failed because this host has no such address: one without IPv6 has no ::1. */
export function isNoAddress(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT';
}
