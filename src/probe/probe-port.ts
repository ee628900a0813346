// Probes whether a TCP port on this host can be bound and, if not, why.
import { checkOptions, checkPort, checkTimeout, type OptionNames, outOfRange } from '../arguments.js';
import { MAX_TIMER_MS } from '../clock.js';
import { addressesOf, connectableAddress, isNoAddress } from '../endpoint.js';
import { loadNet } from '../native/builtins.js';
import { type NativeBindingOptions, native, useNativeBinding } from '../native/load.js';
import { deniedPortIsReserved } from '../native/platform.js';

/**
 * Options of {@link probePort}.
 *
 * @example
 * const options: ProbePortOptions = { host: 'localhost', port: 18789 };
 * console.log((await probePort(options)).state);
 */
export interface ProbePortOptions extends NativeBindingOptions {
  /**
   * An IP address, or `localhost` for both loopback addresses. A wildcard is probed on loopback.
   *
   * @default '127.0.0.1'
   */
  readonly host?: string | undefined;
  readonly port: number;
  /**
   * Milliseconds to wait for the connection to be accepted or refused.
   *
   * @default 1000
   */
  readonly timeoutMs?: number | undefined;
}

/**
 * The state of a port, and the process that uses it.
 *
 * @example
 * const { state, pid }: PortProbe = await probePort({ port: 18789 });
 * if (state === 'listening') console.log(`pid ${pid} listens on the port`);
 */
export interface PortProbe {
  /**
   * `free`: the port can be bound. `listening`: a process listens on the port or, for a wildcard,
   * on another address that conflicts with a bind. `reserved`: no process listens, but a connection
   * uses the port, a socket is bound to it, or the system has reserved it. `denied`: this process
   * may not bind the port.
   */
  readonly state: 'free' | 'listening' | 'reserved' | 'denied';
  readonly host: string;
  readonly port: number;
  /**
   * The process that listens on the port, or whose connection uses it. Null if there is none or the
   * system does not report it.
   */
  readonly pid: number | null;
  /** The error from bind(). Null if the bind succeeded or a connection to the port was accepted. */
  readonly cause: unknown;
}

const OPTIONS: OptionNames<ProbePortOptions> = { host: true, port: true, timeoutMs: true, nativeBinding: true };

/**
 * The states by precedence: for the two addresses of `localhost`, the result whose state comes
 * first is reported.
 */
const WORST_FIRST = ['listening', 'denied', 'reserved', 'free'] as const;

/**
 * Probes a port without occupying it: connects to it, then binds it for a moment without listening.
 *
 * @example
 * console.log((await probePort({ port: 18789 })).state); // free
 * @throws {TypeError|RangeError} `ERR_INVALID_ARG_*`, `ERR_OUT_OF_RANGE`
 */
export async function probePort(options: ProbePortOptions): Promise<PortProbe> {
  checkOptions(options, OPTIONS);
  useNativeBinding(options.nativeBinding);
  const port = checkPort('port', options.port);
  if (port === 0) throw outOfRange('port', 'an integer from 1 to 65535', port);
  const host = options.host ?? '127.0.0.1';
  const timeoutMs = checkTimeout('timeoutMs', options.timeoutMs ?? 1000);
  const [first, ...others] = await Promise.all(
    addressesOf(host).map((address) => probeAddress(host, address, port, timeoutMs)),
  );
  // On a host without IPv6 no process can use ::1.
  const counting = [first!, ...others.filter((probe) => !isNoAddress(probe.cause))];
  return WORST_FIRST.flatMap((state) => counting.filter((probe) => probe.state === state))[0]!;
}

async function probeAddress(host: string, address: string, port: number, timeoutMs: number): Promise<PortProbe> {
  const connected = await tryConnect(connectableAddress(address), port, timeoutMs);
  const cause = connected === 'accepted' ? null : bindFailure(address, port);
  const conflict = connected !== 'accepted' && conflictsWithListener(address, port, cause);
  const state = conflict ? 'listening' : stateOf(connected, (cause as NodeJS.ErrnoException | null)?.code);
  return { state, host, port, pid: userOf(state, address, port), cause };
}

/**
 * Returns true if a listener on another address conflicts with a bind to this address. A wildcard
 * is probed on loopback only, but conflicts with listeners on every address. On macOS a bind
 * without listening succeeds despite such listeners, so for a wildcard the socket table is always
 * checked.
 */
function conflictsWithListener(address: string, port: number, cause: unknown): boolean {
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
  // If a connection is neither accepted nor refused, the listener's backlog is full, for example
  // because the process is stopped.
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

async function tryConnect(address: string, port: number, timeoutMs: number): Promise<Connected> {
  // Yields to the event loop, so that a caller that probes in a loop does not block it.
  await new Promise((resolve) => setImmediate(resolve));
  try {
    const answer = native().probePort(address, port);
    return answer === 'timed-out' ? await connectPatiently(address, port, timeoutMs) : answer;
  } catch {
    // The connection failed because the address does not belong to this host, or no source port is
    // left. The socket table may still contain a listener.
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
    // Windows also refuses a connection if the listener's backlog is full (KB113576).
    socket.once('error', () => finish(native().hasListener(host, port) ? 'timed-out' : 'refused'));
  });
}
