// Binds a TCP port exclusively, so that no other process on this host can listen on it.

import { checkOptions, checkPort, invalidType, outOfRange } from '../arguments.js';
import { addressesOf, isNoAddress } from '../endpoint.js';
import type { ListenerId } from '../native/binding.js';
import { type NativeBindingOptions, native, useNativeBinding } from '../native/load.js';
import { netDenial } from '../native/permission.js';
import { BoundListener } from './bound-listener.js';

export interface BindExclusiveOptions extends NativeBindingOptions {
  /**
   * An IP address, or `localhost` for both loopback addresses.
   *
   * @default '127.0.0.1'
   */
  readonly host?: string;
  /** The TCP port. If 0, the system chooses a free port. */
  readonly port: number;
  /**
   * The maximum number of connections waiting to be accepted.
   *
   * @default 511
   */
  readonly backlog?: number;
}

/**
 * The maximum number of attempts to bind `localhost` with port 0. The port that the system chooses
 * for one loopback address may be in use on the other.
 */
const LOCALHOST_TRIES = 10;

/**
 * Binds the port and listens at once. Connections wait in the backlog until `listen(server)` is
 * called. The port is released when the listener is closed or the process ends for any reason.
 * Children do not inherit the socket.
 *
 * @throws {Error} the system's error with Node's fields, for example EADDRINUSE, EACCES or
 *   EADDRNOTAVAIL
 * @throws {TypeError|RangeError} `ERR_INVALID_ARG_*`, `ERR_OUT_OF_RANGE`
 */
export function bindExclusive(options: BindExclusiveOptions): BoundListener {
  checkOptions(options);
  const port = checkPort('port', options.port);
  const backlog = options.backlog ?? 511;
  if (typeof backlog !== 'number') throw invalidType('backlog', 'a number', backlog);
  if (!Number.isInteger(backlog) || backlog < 1 || backlog > 0x7fffffff) {
    throw outOfRange('backlog', 'an integer from 1 to 2147483647', backlog);
  }
  const host = options.host ?? '127.0.0.1';
  useNativeBinding(options.nativeBinding);
  const denial = netDenial();
  if (denial !== null) throw denial;
  const [first, second] = addressesOf(host);
  const ids =
    second === undefined ? [native().listen(first!, port, backlog)] : listenOnBoth(first!, second, port, backlog);
  return new BoundListener(ids, { address: first!, port: port || native().portOf(ids[0]!), backlog });
}

/**
 * Listens on the same port of both loopback addresses. Throws if the port is in use on either of
 * them.
 */
function listenOnBoth(first: string, second: string, port: number, backlog: number): ListenerId[] {
  for (let tries = 1; ; tries++) {
    const id = native().listen(first, port, backlog);
    try {
      return [id, native().listen(second, native().portOf(id), backlog)];
    } catch (error) {
      if (isNoAddress(error)) return [id];
      const { code } = error as NodeJS.ErrnoException;
      native().closeListener(id);
      if (port !== 0 || code !== 'EADDRINUSE' || tries === LOCALHOST_TRIES) throw error;
    }
  }
}
