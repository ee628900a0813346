// Listens on the loopback addresses that another server could bind beside a wildcard (macOS).
import { isNoAddress } from '../endpoint.js';
import type { ListenerId } from '../native/binding.js';
import { native } from '../native/load.js';
import { addressesToGuard } from '../native/platform.js';

/**
 * Listens on the addresses that another server could otherwise bind. Used only for a server in this
 * process, because a program that inherits sockets usually accepts on the first descriptor only.
 *
 * @throws {Error} `EADDRINUSE` if another server has bound one of the addresses, after which no
 * socket stays open
 */
export function guardAddresses({ address, port }: { address: string; port: number }, backlog: number): ListenerId[] {
  const guards: ListenerId[] = [];
  for (const loopback of addressesToGuard(address)) {
    try {
      guards.push(native().listenBeside(loopback, port, backlog));
    } catch (error) {
      if (isNoAddress(error)) continue;
      for (const id of guards) native().closeListener(id);
      throw error;
    }
  }
  return guards;
}
