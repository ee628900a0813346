// The messages on Node's IPC channel between a predecessor and its successor on Windows. Other
// messages on the channel are the program's own.

/** Tells a process that its IPC channel leads to the gateway that it replaces, with this pid. */
export const IPC_VARIABLE = 'GATEWAY_LOCK_PREDECESSOR';

/** From the successor: `adopting`, then `copy` for each socket, then `ready` or `refused REASON`. */
interface Report {
  readonly gatewayLock: string;
}

/** From the predecessor: one for each socket, which comes with the message; one if there is none. */
interface Bequest {
  readonly gatewayLock: 'socket';
  /** The number of sockets. */
  readonly count: number;
}

export const COPY = 'copy';

export function bequest(count: number): Bequest {
  return { gatewayLock: 'socket', count };
}

export function report(line: string): Report {
  return { gatewayLock: line };
}

/** Returns null for a message of the program. */
export function lineOf(message: unknown): string | null {
  const line = (message as Partial<Report> | null)?.gatewayLock;
  return typeof line === 'string' ? line : null;
}

/** Returns the number of sockets that the predecessor sends. Null for other messages. */
export function countOf(message: unknown): number | null {
  const { count } = (message ?? {}) as Partial<Bequest>;
  return lineOf(message) === 'socket' && Number.isInteger(count) ? count! : null;
}
