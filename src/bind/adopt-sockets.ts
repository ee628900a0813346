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

export interface AdoptedSockets {
  readonly listener: BoundListener;
  /** The number of inherited sockets that the listener has. It may have bound another one. */
  readonly count: number;
}

/**
 * Adopts the sockets that listen on exactly this host and port; port 0 accepts any port. Binds the
 * second address of `localhost` if only the first was inherited. Returns null, and leaves the
 * descriptors to the caller, if they are not sockets of this endpoint.
 */
export function adoptSockets(
  sockets: InheritedSockets,
  { host, port, backlog }: Endpoint & { readonly backlog: number },
): AdoptedSockets | null {
  const [address, second] = addressesOf(host);
  const first = adoptOne(sockets, address!, port);
  if (first === null) return null;
  const bound = native().portOf(first);
  try {
    const other = second === undefined ? null : adoptOne(sockets, second, bound);
    const adopted = other === null ? [first] : [first, other];
    const own = second !== undefined && other === null ? bindOther(second, bound, backlog) : [];
    const listener = new BoundListener([...adopted, ...own], { address: address!, port: bound, backlog });
    return { listener, count: adopted.length };
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
function bindOther(address: string, port: number, backlog: number): ListenerId[] {
  try {
    return [native().listen(address, port, backlog)];
  } catch (error) {
    if (isNoAddress(error)) return [];
    throw error;
  }
}
