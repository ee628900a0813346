// Checks of the port of a gateway: whether a process listens on it, and which one.
import { addressesOf, connectableAddresses, type Endpoint } from '../endpoint.js';
import { native } from '../native/load.js';

/**
 * Returns true if a process listens on the port, also if the connection times out: on this host
 * that means a full backlog.
 */
export function isPortReachable({ host, port }: Endpoint): boolean {
  return (
    port !== 0 &&
    addressesOf(host)
      .flatMap(connectableAddresses)
      .some((address) => isReachable(address, port))
  );
}

/**
 * Same as {@link isPortReachable}, but for a wildcard also finds listeners on addresses other than
 * loopback.
 */
export function hasListener({ host, port }: Endpoint): boolean {
  return isPortReachable({ host, port }) || addressesOf(host).some((address) => native().hasListener(address, port));
}

/** Returns the process that listens on the port. Returns null if the system does not name it. */
export function findListenerPid({ host, port }: Endpoint): number | null {
  const pids = addressesOf(host).map((address) => native().findListenerPid(address, port));
  return pids.find((pid) => pid !== 0) ?? null;
}

/**
 * Returns the process of a connection from or to the port. Returns null if the system does not name
 * it.
 */
export function findConnectionPid({ host, port }: Endpoint): number | null {
  const pids = addressesOf(host).map((address) => native().findConnectionPid(address, port));
  return pids.find((pid) => pid !== 0) ?? null;
}

/** Returns false also for a process that is being killed, where the system reports that (Linux). */
export function isProcessAlive(pid: number): boolean {
  return native().processStartToken(pid) !== -1;
}

function isReachable(address: string, port: number): boolean {
  try {
    return native().probePort(address, port) !== 'refused';
  } catch {
    // The probe fails for an address of another host, or without a free source port. The system's
    // tables may still list a listener.
    return native().hasListener(address, port);
  }
}
