// Finds the endpoint at which the holder's health can be checked.
import { addressesOf, type Endpoint } from '../endpoint.js';
import type { OwnerRecord } from '../errors.js';

interface Refusal extends Endpoint {
  readonly code?: string;
  readonly owner: OwnerRecord | null;
  readonly ownerAlive: boolean | null;
}

/**
 * Returns the endpoint in the owner record, because the holder may use a different port. If the
 * record contains no port, returns the endpoint of the refused start.
 */
export function holderEndpoint({ code, owner, ownerAlive, host, port }: Refusal): Endpoint {
  if (code === 'ERR_GATEWAY_PORT_IN_USE' || owner?.port == null || ownerAlive === false) return { host, port };
  return { host: hostOf(owner) ?? host, port: owner.port };
}

/**
 * Returns null if the record does not contain a valid address. Any program may have written the
 * record.
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
