// Whether anybody listens where a gateway wants to.
import { addressesOf, connectableAddresses, type Endpoint } from '../endpoint.js';
import { native } from '../native/load.js';

/** Silence counts as an answer: on this host it means a listener whose backlog is full. */
export function isPortReachable({ host, port }: Endpoint): boolean {
  return (
    port !== 0 &&
    addressesOf(host)
      .flatMap(connectableAddresses)
      .some((address) => answers(address, port))
  );
}

/** Also a listener that loopback does not reach: a wildcard meets those on every address. */
export function hasListener({ host, port }: Endpoint): boolean {
  return isPortReachable({ host, port }) || addressesOf(host).some((address) => native().hasListener(address, port));
}

/** null where the system does not tell. */
export function findListenerPid({ host, port }: Endpoint): number | null {
  const pids = addressesOf(host).map((address) => native().findListenerPid(address, port));
  return pids.find((pid) => pid !== 0) ?? null;
}

/** The process of a connection that leaves from the port, or came to it. Null if the system does not tell. */
export function findConnectionPid({ host, port }: Endpoint): number | null {
  const pids = addressesOf(host).map((address) => native().findConnectionPid(address, port));
  return pids.find((pid) => pid !== 0) ?? null;
}

/** Returns false also for a process that is being killed, where the system tells (Linux). */
export function isProcessAlive(pid: number): boolean {
  return native().processStartToken(pid) !== -1;
}

function answers(address: string, port: number): boolean {
  try {
    return native().probePort(address, port) !== 'refused';
  } catch {
    // It could not be asked: not an address of this host, or no source port left. The tables may know.
    return native().hasListener(address, port);
  }
}
