// Endpoints: the addresses that a host name means, the address to probe for a wildcard, and URLs.
import { invalidType, invalidValue } from './arguments.js';
import { loadNet } from './native/builtins.js';

/** A host and a TCP port. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/**
 * Returns the numeric addresses that a host means: both loopback addresses for `localhost`.
 * Resolves no other name, because a lock must not depend on a name server.
 *
 * @throws {TypeError} `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 */
export function addressesOf(host: unknown): readonly string[] {
  if (typeof host !== 'string') throw invalidType('host', 'a string', host);
  if (host === 'localhost') return ['127.0.0.1', '::1'];
  // The default host: loading node:net to check it would make the first start in a process 0.6 ms
  // (11 %) slower.
  if (host === '127.0.0.1') return [host];
  if (loadNet().isIP(host) === 0) throw invalidValue('host', "an IP address or 'localhost'", host);
  return [host];
}

/** Returns the address to connect to for a listener on this address: loopback for a wildcard. */
export function connectableAddress(address: string): string {
  if (address === '0.0.0.0') return '127.0.0.1';
  return isIPv6(address) && /^[0:.]+$/.test(address) ? '::1' : address;
}

/**
 * Returns every loopback address on which a listener on this address can be reached. `::` accepts
 * IPv4 as well.
 */
export function connectableAddresses(address: string): readonly string[] {
  const reached = connectableAddress(address);
  return reached === '::1' && address !== '::1' ? ['::1', '127.0.0.1'] : [reached];
}

/** Formats a URL: `ws://127.0.0.1:18789`, `ws://[::1]:18789`. */
export function webSocketUrl(host: string, port: number): string {
  return `ws://${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

/** Tells a valid IPv6 address from a valid IPv4 address: only the former has a colon. */
export function isIPv6(address: string): boolean {
  return address.includes(':');
}

/**
 * Returns true if a bind failed because this host has no such address: a host without IPv6 has no
 * ::1.
 */
export function isNoAddress(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT';
}
