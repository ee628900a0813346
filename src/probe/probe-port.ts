// Whether a TCP port of this host can be bound, and if not, why.

import { checkOptions, checkPort, checkTimeout, outOfRange } from '../arguments.js';
import { MAX_TIMER_MS } from '../clock.js';
import { addressesOf, connectableAddress, isNoAddress } from '../endpoint.js';
import { loadNet } from '../native/builtins.js';
import { native } from '../native/load.js';
import { deniedPortIsReserved } from '../native/platform.js';

export interface ProbePortOptions {
  /** An IP address, or `localhost` for both loopbacks. A wildcard is asked on loopback. @default '127.0.0.1' */
  readonly host?: string;
  readonly port: number;
  /** Milliseconds to wait for an answer. @default 1000 */
  readonly timeoutMs?: number;
}

export interface PortProbe {
  /**
   * `free`: could be bound just now. `listening`: a process listens there, for a wildcard on any address that a bind would
   * meet. `reserved`: used by a connection, bound, or kept by the system, but no process listens. `denied`: this process
   * may not bind it.
   */
  readonly state: 'free' | 'listening' | 'reserved' | 'denied';
  readonly host: string;
  readonly port: number;
  /** The process that listens, or whose connection uses the port. Null if the system does not tell. */
  readonly pid: number | null;
  /** Why it could not be bound. */
  readonly cause: unknown;
}

/** Which answer counts when `localhost` gives two. */
const WORST_FIRST = ['listening', 'denied', 'reserved', 'free'] as const;

/**
 * Asks without keeping the port: connects, then binds for a moment without listening.
 *
 * @throws {TypeError|RangeError} `ERR_INVALID_ARG_*`, `ERR_OUT_OF_RANGE`
 */
export async function probePort(options: ProbePortOptions): Promise<PortProbe> {
  checkOptions(options);
  const port = checkPort('port', options.port);
  if (port === 0) throw outOfRange('port', 'an integer from 1 to 65535', port);
  const host = options.host ?? '127.0.0.1';
  const timeoutMs = checkTimeout('timeoutMs', options.timeoutMs ?? 1000);
  const [first, ...others] = await Promise.all(
    addressesOf(host).map((address) => probeAddress(host, address, port, timeoutMs)),
  );
  // A host without IPv6 has no ::1 that somebody else could have.
  const counting = [first!, ...others.filter((probe) => !isNoAddress(probe.cause))];
  return WORST_FIRST.flatMap((state) => counting.filter((probe) => probe.state === state))[0]!;
}

async function probeAddress(host: string, address: string, port: number, timeoutMs: number): Promise<PortProbe> {
  const connected = await ask(connectableAddress(address), port, timeoutMs);
  const cause = connected === 'accepted' ? null : bindFailure(address, port);
  const met = connected !== 'accepted' && meetsListener(address, port, cause);
  const state = met ? 'listening' : stateOf(connected, (cause as NodeJS.ErrnoException | null)?.code);
  return { state, host, port, pid: userOf(state, address, port), cause };
}

/**
 * A wildcard is asked on loopback, but a bind of it meets the listeners of every address. On macOS a bind for a moment does
 * not meet them, so the table is asked for a wildcard in any case.
 */
function meetsListener(address: string, port: number, cause: unknown): boolean {
  const inUse = (cause as NodeJS.ErrnoException | null)?.code === 'EADDRINUSE';
  return (inUse || connectableAddress(address) !== address) && native().hasListener(address, port);
}

function userOf(state: PortProbe['state'], address: string, port: number): number | null {
  if (state === 'listening') return native().findListenerPid(address, port) || null;
  return state === 'reserved' ? native().findConnectionPid(address, port) || null : null;
}

function stateOf(connected: Connected, bindCode: string | undefined): PortProbe['state'] {
  if (connected === 'accepted') return 'listening';
  if (bindCode === undefined) return 'free';
  if (bindCode === 'EACCES' && deniedPortIsReserved) return 'reserved';
  if (bindCode !== 'EADDRINUSE') return 'denied';
  // In use, and neither accepted nor refused: a listener whose backlog is full (a stopped process).
  return connected === 'timed-out' ? 'listening' : 'reserved';
}

function bindFailure(address: string, port: number): unknown {
  try {
    native().tryBind(address, port);
    return null;
  } catch (error) {
    return error;
  }
}

type Connected = 'accepted' | 'refused' | 'timed-out';

async function ask(address: string, port: number, timeoutMs: number): Promise<Connected> {
  // A promise that needs no turn of the event loop would starve a caller who asks in a loop.
  await new Promise((resolve) => setImmediate(resolve));
  try {
    const answer = native().probePort(address, port);
    return answer === 'timed-out' ? await connectPatiently(address, port, timeoutMs) : answer;
  } catch {
    // It could not be asked: not an address of this host, or no source port left. The tables may know.
    return native().hasListener(address, port) ? 'accepted' : 'refused';
  }
}

function connectPatiently(host: string, port: number, timeoutMs: number): Promise<Connected> {
  return new Promise((resolve) => {
    const socket = loadNet().connect({ host, port });
    const finish = (answer: Connected) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(finish, Math.min(timeoutMs, MAX_TIMER_MS), 'timed-out');
    socket.once('connect', () => finish('accepted'));
    // Windows refuses a connection also for a listener whose backlog is full (KB113576).
    socket.once('error', () => finish(native().hasListener(host, port) ? 'timed-out' : 'refused'));
  });
}
