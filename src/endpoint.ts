// The addresses of a host, the address to probe for a wildcard, and the URL of an endpoint.
import { invalidType, invalidValue } from './arguments.js';
import { loadNet } from './native/builtins.js';

/**
 * A host and a TCP port.
 *
 * @example
 * const endpoint: Endpoint = { host: '127.0.0.1', port: 18789 };
 */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/**
 * The default for the maximum number of connections waiting to be accepted. Linux limits the number
 * to net.core.somaxconn, whose default is also 4096. Clients wait in the backlog while a gateway
 * restarts.
 */
export const DEFAULT_BACKLOG = 4096;

/**
 * Returns the numeric addresses of a host. `localhost` means both loopback addresses. No other name
 * is resolved, because a lock must not depend on a name server.
 *
 * @throws {TypeError} `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 */
export function addressesOf(host: unknown): readonly string[] {
  if (typeof host !== 'string') throw invalidType('host', 'a string', host);
  if (host === 'localhost') return ['127.0.0.1', '::1'];
  // The default host needs no check, for which loading node:net would make the first start in a
  // process 0.6 ms (11 %) slower.
  if (host === '127.0.0.1') return [host];
  if (loadNet().isIP(host) === 0) throw invalidValue('host', "an IP address or 'localhost'", host);
  return [host];
}

/**
 * Returns the address at which a listener on `address` can be reached: for a wildcard, a loopback
 * address.
 */
export function connectableAddress(address: string): string {
  if (address === '0.0.0.0') return '127.0.0.1';
  return isIPv6(address) && /^[0:.]+$/.test(address) ? '::1' : address;
}

/**
 * Returns all addresses at which a listener on `address` can be reached: for the wildcard `::`,
 * both loopback addresses, because `::` also accepts IPv4.
 */
export function connectableAddresses(address: string): readonly string[] {
  const reached = connectableAddress(address);
  return reached === '::1' && address !== '::1' ? ['::1', '127.0.0.1'] : [reached];
}

/** Formats the URL of an endpoint: `ws://127.0.0.1:18789`, `ws://[::1]:18789`. */
export function webSocketUrl(host: string, port: number): string {
  return `ws://${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

/**
 * Returns true for an IPv6 address. Only checks for a colon, so `address` must be a valid IP
 * address.
 */
export function isIPv6(address: string): boolean {
  return address.includes(':');
}

/**
 * Returns true if a bind failed because this host does not have the address, for example ::1 on a
 * host without IPv6.
 */
export function isNoAddress(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT';
}
