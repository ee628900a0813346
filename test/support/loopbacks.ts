// Which addresses this machine lets a test bind.
import { addressesOf } from '../../src/endpoint.js';
import { native } from '../../src/native/load.js';
import type { Missing } from './capabilities.js';

export function whyNoAddress(host: string): Missing {
  try {
    for (const address of addressesOf(host)) native().tryBind(address, 0);
    return null;
  } catch (error) {
    return `cannot bind ${host} here: ${(error as Error).message}`;
  }
}
