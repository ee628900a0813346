// What a refused bind means on this system. In this layer because only it may know the platform.
import { connectableAddresses } from '../endpoint.js';

/**
 * Windows keeps no ports for privileged users: it denies one that lies in a range which it keeps for itself (Hyper-V, WSL, Docker).
 */
export const deniedPortIsReserved = process.platform === 'win32';

/**
 * The addresses that a server on `address` has to listen on as well, because a newcomer could take them from it. On macOS a
 * newcomer with SO_REUSEADDR, which every Node server has, binds 127.0.0.1 beside a listener on 0.0.0.0, and gets the
 * connections (in_pcbbind() in XNU, bsd/netinet/in_pcb.c). Exactly the same address is refused.
 */
export function addressesToGuard(address: string, platform: NodeJS.Platform = process.platform): readonly string[] {
  if (platform !== 'darwin') return [];
  return connectableAddresses(address).filter((loopback) => loopback !== address);
}

/** Returns what the kernel lets other servers do beside a listener on `host`, for people. Returns null if it lets them do nothing. */
export function bindLimit(host: string, platform: NodeJS.Platform = process.platform): string | null {
  if (platform !== 'darwin') return null;
  const beside = `macOS lets another server of this user listen on the same port beside ${host}`;
  return addressesToGuard(host, platform).length > 0
    ? `${beside}: on the other wildcard, and on each address but loopback, which the gateway holds as well`
    : `${beside}, on the wildcard; connections to ${host} still reach the gateway`;
}
