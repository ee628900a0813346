// Whether anybody listens where a gateway wants to.
import { connectableAddress } from '../address.js';
import { native } from '../native/load.js';

interface Place {
  readonly host: string;
  readonly port: number;
}

/** Silence counts as an answer: on this host it means a listener whose backlog is full. */
export function portAnswers({ host, port }: Place): boolean {
  if (port === 0) return false;
  try {
    return native().askPort(askAddress(host), port) !== 'refused';
  } catch {
    return false; // not an address of this host, say: the bind will tell
  }
}

/** null where the system does not tell. */
export function portOwner({ host, port }: Place): number | null {
  return native().findPortOwner(askAddress(host), port) || null;
}

/** The first address of the host; loopback for a wildcard. */
export function askAddress(host: string): string {
  return connectableAddress(host === 'localhost' ? '127.0.0.1' : host);
}
