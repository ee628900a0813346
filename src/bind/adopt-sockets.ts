// Adopts listening sockets that this process has inherited.
import { addressesOf, type Endpoint, isNoAddress } from '../endpoint.js';
import type { ListenerId } from '../native/binding.js';
import { native } from '../native/load.js';
import { BoundListener } from './bound-listener.js';

export interface InheritedSockets {
  readonly descriptors: readonly number[];
  /**
   * True if the listener gets copies, and the descriptors stay open, so that they can be adopted
   * again.
   */
  readonly copy: boolean;
}

/**
 * Adopts the sockets that listen on exactly this host and port; port 0 accepts any port. Binds the
 * second address of `localhost` if only the first was inherited. Returns null, and leaves the
 * descriptors to the caller, if they are not sockets of this endpoint.
 */
export function adoptSockets(
  sockets: InheritedSockets,
  { host, port, backlog }: Endpoint & { readonly backlog: number },
): BoundListener | null {
  const [address, second] = addressesOf(host);
  const first = adoptOne(sockets, address!, port);
  if (first === null) return null;
  const bound = native().portOf(first);
  try {
    const others = second === undefined ? [] : adoptOrBind(sockets, second, bound, backlog);
    return new BoundListener([first, ...others], { address: address!, port: bound, backlog });
  } catch {
    if (sockets.copy) native().closeListener(first);
    else native().detachListener(first);
    return null;
  }
}

function adoptOne({ descriptors, copy }: InheritedSockets, address: string, port: number): ListenerId | null {
  for (const descriptor of descriptors) {
    const id = native().adoptListener(descriptor, address, port);
    if (typeof id === 'string') continue;
    if (!copy) return id;
    native().detachListener(id);
    return native().copyListener(descriptor);
  }
  return null;
}

/** Returns an empty array if this host does not have the address. */
function adoptOrBind(sockets: InheritedSockets, address: string, port: number, backlog: number): ListenerId[] {
  const id = adoptOne(sockets, address, port);
  if (id !== null) return [id];
  try {
    return [native().listen(address, port, backlog)];
  } catch (error) {
    if (isNoAddress(error)) return [];
    throw error;
  }
}
