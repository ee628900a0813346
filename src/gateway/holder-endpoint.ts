// Finds the endpoint at which the health of the holder can be checked.
import { addressesOf, type Endpoint } from '../endpoint.js';
import type { OwnerRecord } from '../errors.js';

interface Refusal extends Endpoint {
  readonly code?: string;
  readonly owner: OwnerRecord | null;
  readonly ownerAlive: boolean | null;
}

/**
 * Returns the endpoint in the owner record, because the holder may use a different port than this
 * gateway. Returns the endpoint of the refused start if the record names no port.
 */
export function holderEndpoint({ code, owner, ownerAlive, host, port }: Refusal): Endpoint {
  if (code === 'ERR_GATEWAY_PORT_IN_USE' || owner?.port == null || ownerAlive === false) return { host, port };
  return { host: hostOf(owner) ?? host, port: owner.port };
}

/**
 * Returns null if the record does not name a valid address. An owner record is only a hint, and a
 * hostile program may have written it.
 */
function hostOf(owner: OwnerRecord): string | null {
  const host = owner['bindHost'];
  try {
    addressesOf(host);
    return host as string;
  } catch {
    return null;
  }
}
