// Binds a TCP port exclusively, so that no other process on this host can listen on it.

import { checkBacklog, checkOptions, checkPort, type OptionNames } from '../arguments.js';
import { addressesOf, DEFAULT_BACKLOG, isNoAddress } from '../endpoint.js';
import type { ListenerId } from '../native/binding.js';
import { type NativeBindingOptions, native, useNativeBinding } from '../native/load.js';
import { netDenial } from '../native/permission.js';
import { BoundListener } from './bound-listener.js';

/**
 * Options of {@link bindExclusive}.
 *
 * @example
 * const options: BindExclusiveOptions = { host: 'localhost', port: 18789, backlog: 64 };
 */
export interface BindExclusiveOptions extends NativeBindingOptions {
  /**
   * An IP address, or `localhost` for both loopback addresses.
   *
   * @default '127.0.0.1'
   */
  readonly host?: string | undefined;
  /** The TCP port. If 0, the system chooses a free port. */
  readonly port: number;
  /**
   * The maximum number of connections waiting to be accepted. The system may have a lower limit
   * (Linux: `net.core.somaxconn`).
   *
   * @default 4096
   */
  readonly backlog?: number | undefined;
}

const OPTIONS: OptionNames<BindExclusiveOptions> = { host: true, port: true, backlog: true, nativeBinding: true };

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
 * @example
 * const listener = bindExclusive({ port: 0 });
 * console.log(listener.address.port > 0); // true
 * await listener.close();
 * @throws {Error} the system's error with Node's fields, for example EADDRINUSE, EACCES or
 *   EADDRNOTAVAIL
 * @throws {TypeError|RangeError} `ERR_INVALID_ARG_*`, `ERR_OUT_OF_RANGE`
 */
export function bindExclusive(options: BindExclusiveOptions): BoundListener {
  checkOptions(options, OPTIONS);
  const port = checkPort('port', options.port);
  const backlog = checkBacklog(options.backlog ?? DEFAULT_BACKLOG);
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
