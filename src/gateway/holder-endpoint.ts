// Where the gateway that is in the way can be asked.
import { addressesOf, type Endpoint } from '../endpoint.js';
import type { OwnerRecord } from '../errors.js';

interface Refusal extends Endpoint {
  readonly code?: string;
  readonly owner: OwnerRecord | null;
  readonly ownerAlive: boolean | null;
}

/** The holder of the state may listen elsewhere than where we wanted to: its record says so. */
export function holderPlace({ code, owner, ownerAlive, host, port }: Refusal): Endpoint {
  if (code === 'ERR_GATEWAY_PORT_IN_USE' || owner?.port == null || ownerAlive === false) return { host, port };
  return { host: hostOf(owner) ?? host, port: owner.port };
}

/** A record is a hint, and may be hostile. */
function hostOf(owner: OwnerRecord): string | null {
  const host = owner['bindHost'];
  try {
    addressesOf(host);
    return host as string;
  } catch {
    return null;
  }
}
