// Checks whether a process listens on a gateway's port, and finds that process.
import { addressesOf, connectableAddresses, type Endpoint } from '../endpoint.js';
import { native } from '../native/load.js';

/**
 * Returns true if a process listens on the port. Also returns true if the connection times out,
 * which on the local host means that the listener's backlog is full.
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
 * Like {@link isPortReachable}, but for a wildcard also finds listeners on addresses other than
 * loopback.
 */
export function hasListener({ host, port }: Endpoint): boolean {
  return isPortReachable({ host, port }) || addressesOf(host).some((address) => native().hasListener(address, port));
}

/**
 * Returns the pid of the process that listens on the port, or null if the system does not report
 * it.
 */
export function findListenerPid({ host, port }: Endpoint): number | null {
  const pids = addressesOf(host).map((address) => native().findListenerPid(address, port));
  return pids.find((pid) => pid !== 0) ?? null;
}

/**
 * Returns the pid of a process that has a connection from or to the port, or null if the system
 * does not report it.
 */
export function findConnectionPid({ host, port }: Endpoint): number | null {
  const pids = addressesOf(host).map((address) => native().findConnectionPid(address, port));
  return pids.find((pid) => pid !== 0) ?? null;
}

/**
 * Returns true if the process is alive. On Linux, returns false for a process that is being killed.
 */
export function isProcessAlive(pid: number): boolean {
  return native().processStartToken(pid) !== -1;
}

function isReachable(address: string, port: number): boolean {
  try {
    return native().probePort(address, port) !== 'refused';
  } catch {
    // The probe fails if the address belongs to another host, or if no source port is free. The
    // system's socket table may still contain a listener.
    return native().hasListener(address, port);
  }
}
