// Whether anybody listens where a gateway wants to.
import { addressesOf, connectableAddresses } from '../address.js';
import { native } from '../native/load.js';

interface Place {
  readonly host: string;
  readonly port: number;
}

/** Silence counts as an answer: on this host it means a listener whose backlog is full. */
export function portAnswers({ host, port }: Place): boolean {
  return (
    port !== 0 &&
    addressesOf(host)
      .flatMap(connectableAddresses)
      .some((address) => answers(address, port))
  );
}

/** Also a listener that loopback does not reach: a wildcard meets those on every address. */
export function portHasListener({ host, port }: Place): boolean {
  return portAnswers({ host, port }) || addressesOf(host).some((address) => native().hasListener(address, port));
}

/** null where the system does not tell. */
export function portOwner({ host, port }: Place): number | null {
  const pids = addressesOf(host).map((address) => native().findPortOwner(address, port));
  return pids.find((pid) => pid !== 0) ?? null;
}

/** The process of a connection that leaves from the port, or came to it. Null if the system does not tell. */
export function connectionOwner({ host, port }: Place): number | null {
  const pids = addressesOf(host).map((address) => native().findConnectionOwner(address, port));
  return pids.find((pid) => pid !== 0) ?? null;
}

/** Returns false also for a process that is being killed, where the system tells (Linux). */
export function isProcessAlive(pid: number): boolean {
  return native().startTimeOf(pid) !== -1;
}

function answers(address: string, port: number): boolean {
  try {
    return native().askPort(address, port) !== 'refused';
  } catch {
    // It could not be asked: not an address of this host, or no source port left. The tables may know.
    return native().hasListener(address, port);
  }
}
