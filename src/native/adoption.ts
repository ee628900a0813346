// What a server of Node's takes for a listening socket of the addon's. In this layer because it differs by platform.
import type { Socket, SocketConnectOpts } from 'node:net';
import type { ListenerId } from './binding.js';
import { native } from './load.js';

/** The first argument of `server.listen()`, which owns the socket from now on. */
export interface Adoption {
  readonly target: object;
  /** For a target that no server took. */
  close(): void;
}

/** Node's own handle of a socket: undocumented, and the same in every Node from 18 to 26. */
interface TcpHandle {
  /** 0, or a negative error number. */
  open(socket: number): number;
  close(): void;
}

interface TcpConstructor {
  new (type: number): TcpHandle;
}

const SERVER = 1;
/** Deno 2.9 takes a `net.Socket` as well, says that it listens, and never accepts (npm run test:matrix). */
const byHandle = process.platform === 'win32' || 'deno' in process.versions;

/** False where a server cannot take the socket and has to open its own, which others can do beside it. */
export const canAdopt: () => boolean = byHandle ? () => tcpConstructor() !== undefined : () => true;

/** From here on Node owns the socket of `listener`. */
export const adoptionOf: (listener: ListenerId) => Adoption = byHandle ? handleAdoption : socketAdoption;

/**
 * As a handle, not as `{ fd }`: in a cluster worker Node would have the primary listen on its own
 * descriptor of that number (net.js, listenInCluster).
 */
function socketAdoption(listener: ListenerId): Adoption {
  const socket = new (net().Socket)({ fd: native().socketOf(listener), readable: false, writable: false });
  native().detachListener(listener);
  return { target: socket, close: () => void socket.destroy() };
}

/** `{ fd }` never works on Windows: a SOCKET is no descriptor of the C runtime (libuv, src/win/handle.c). */
function handleAdoption(listener: ListenerId): Adoption {
  const Tcp = tcpConstructor();
  if (Tcp === undefined) return openedAnew(listener);
  const handle = new Tcp(SERVER);
  const error = handle.open(native().socketOf(listener));
  if (error !== 0) {
    handle.close();
    throw systemError(error, 'open');
  }
  native().detachListener(listener);
  return { target: handle, close: () => handle.close() };
}

/** The lock keeps the next gateway off the port meanwhile; strangers are what `exclusive: false` means. */
function openedAnew(listener: ListenerId): Adoption {
  const target = { host: native().addressOf(listener), port: native().portOf(listener), exclusive: true };
  native().closeListener(listener);
  return { target, close: () => {} };
}

/**
 * From a socket whose lookup never ends: no port is bound and no packet leaves. `process.binding('tcp_wrap')` has
 * it, too, and is deprecated (DEP0111), and denied under --permission.
 */
function tcpConstructor(): TcpConstructor | undefined {
  const socket = new (net().Socket)() as Socket & { _handle?: TcpHandle };
  socket.connect({ host: 'pending.invalid', port: 1, lookup: () => {} } as SocketConnectOpts);
  const handle = socket._handle;
  socket.destroy();
  return typeof handle?.open === 'function' ? (handle.constructor as TcpConstructor) : undefined;
}

function systemError(errno: number, syscall: string): Error {
  const [code, text] = process.getBuiltinModule('node:util').getSystemErrorMap().get(errno) ?? [
    'UNKNOWN',
    'unknown error',
  ];
  return Object.assign(new Error(`${syscall} ${code}: ${text}`), { code, errno, syscall });
}

// Not imported: it takes 1 to 2 ms to load, and who has a server to give has loaded it.
function net() {
  return process.getBuiltinModule('node:net');
}
