// Reports whether this machine can bind a loopback address.
import { addressesOf } from '../../src/endpoint.js';
import { native } from '../../src/native/load.js';
import type { Missing } from './capabilities.js';

/** Returns the reason why `host` cannot be bound, or null if it can. */
export function whyNoAddress(host: string): Missing {
  try {
    for (const address of addressesOf(host)) native().tryBind(address, 0);
    return null;
  } catch (error) {
    return `cannot bind ${host} here: ${(error as Error).message}`;
  }
}
