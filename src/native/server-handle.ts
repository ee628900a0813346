// Converts the addon's listening socket to the form that a Node server can adopt, which differs by
// platform.
import { closeSync } from 'node:fs';
import type { Server, Socket, SocketConnectOpts } from 'node:net';
import type { ListenerId } from './binding.js';
import { loadHttp, loadHttps, loadNet, loadUtil } from './builtins.js';
import { native } from './load.js';

/** A listening socket in a form that `server.listen()` accepts. */
export interface ServerHandle {
  /** The first argument of `server.listen()`. The server owns the socket after that call. */
  readonly target: object;
  /** Closes the socket if no server has adopted it. */
  close(): void;
}

/** Node's internal handle of a socket, which is undocumented but the same in Node 18 to 26. */
interface TcpHandle {
  /** Returns 0 or a negative error number. */
  open(socket: number): number;
  close(): void;
}

interface TcpConstructor {
  new (type: number): TcpHandle;
}

/** A listening socket that another process has sent to this one. Node's internal handle. */
export interface SentSocket extends TcpHandle {
  /** Sets the fields of `address`. Returns 0 or a negative error number. */
  getsockname(address: { address?: string; port?: number }): number;
}

const SERVER = 1;
/**
 * True on Windows and in Deno, where servers adopt Node's internal handle. With a `net.Socket`,
 * Deno 2.9 emits 'listening', but never accepts a connection (npm run test:matrix).
 */
const byHandle = process.platform === 'win32' || 'deno' in process.versions;
/**
 * True in Bun, where net, tls and http2 servers adopt `{ fd }`. http and https servers are not net
 * servers there; given `{ fd }` or a handle, they listen on a port that the system chooses (1.4).
 */
const isBun = 'bun' in process.versions;

/** Returns true if `value` is a server that can listen on a socket: net, tls, http, https, http2. */
export function isServer(value: unknown): value is Server {
  return value instanceof loadNet().Server || isBunHttpServer(value);
}

function isBunHttpServer(value: unknown): boolean {
  return isBun && value instanceof loadHttp().Server;
}

/** Returns false for an https server in Bun, which would take the bytes of a TLS client as http. */
export function acceptsConnectionEvents(server: Server): boolean {
  return !(isBun && server instanceof loadHttps().Server);
}

/**
 * Returns false if `server` cannot adopt the socket. The server then opens its own socket, which
 * does not prevent other processes from binding the port. Without `server`, returns true only if
 * each kind of server can adopt the socket.
 */
export function canAdopt(server?: Server): boolean {
  if (isBun) return server !== undefined && !isBunHttpServer(server);
  return !byHandle || tcpConstructor() !== undefined;
}

/** Returns the handle of a server that listens, to be sent to another process. */
export function handleOf(server: Server): SentSocket {
  return (server as Server & { _handle: SentSocket })._handle;
}

/** Returns the address and port of a sent socket, or null if they cannot be read. */
export function addressOfSent(socket: SentSocket): { readonly address: string; readonly port: number } | null {
  const name: { address?: string; port?: number } = {};
  const { address, port } = socket.getsockname(name) === 0 ? name : {};
  return address === undefined || port === undefined ? null : { address, port };
}

/** Detaches the listener's socket from the addon, so that `server` can own it. */
export function detachHandle(listener: ListenerId, server: Server): ServerHandle {
  if (!canAdopt(server)) return closeForReopening(listener);
  if (isBun) return detachDescriptor(listener);
  return byHandle ? detachTcpHandle(listener) : detachSocket(listener);
}

/**
 * Calls net.Server's own listen(), because an override in a subclass could defer the call, and the
 * descriptor would have no owner.
 */
export function listenOn(server: Server, handle: ServerHandle, backlog: number): void {
  const { listen } = (isBunHttpServer(server) ? loadHttp() : loadNet()).Server.prototype;
  (listen as ListenOnHandle).call(server, handle.target, backlog);
}

type ListenOnHandle = (this: Server, target: object, backlog: number) => Server;

/**
 * Passes a net.Socket to the server. With `{ fd }` in a cluster worker, Node would make the primary
 * process listen on the primary's own descriptor with that number (net.js, listenInCluster).
 */
function detachSocket(listener: ListenerId): ServerHandle {
  const socket = new (loadNet().Socket)({ fd: native().socketOf(listener), readable: false, writable: false });
  native().detachListener(listener);
  return { target: socket, close: () => void socket.destroy() };
}

/**
 * Passes the internal handle to the server. `{ fd }` never works on Windows, because a SOCKET is
 * not a descriptor of the C runtime (libuv, src/win/handle.c).
 */
function detachTcpHandle(listener: ListenerId): ServerHandle {
  const handle = new (tcpConstructor()!)(SERVER);
  const error = handle.open(native().socketOf(listener));
  if (error !== 0) {
    handle.close();
    throw systemError(error, 'open');
  }
  native().detachListener(listener);
  return { target: handle, close: () => handle.close() };
}

/** Passes the descriptor to a server in Bun, which closes it together with the server. */
function detachDescriptor(listener: ListenerId): ServerHandle {
  const fd = native().socketOf(listener);
  native().detachListener(listener);
  return { target: { fd }, close: () => closeSync(fd) };
}

/**
 * Closes the socket, so that the server can open its own. In between, another program can bind the
 * port, so `BoundListener.exclusive` is false. Another gateway cannot, because it does not hold the
 * lock.
 */
function closeForReopening(listener: ListenerId): ServerHandle {
  const target = { host: native().addressOf(listener), port: native().portOf(listener), exclusive: true };
  native().closeListener(listener);
  return { target, close: () => {} };
}

/**
 * Returns the constructor of Node's internal handle, taken from a socket whose DNS lookup never
 * ends, so that no port is bound and no packet is sent. `process.binding('tcp_wrap')` is deprecated
 * (DEP0111), and denied under --permission.
 */
function tcpConstructor(): TcpConstructor | undefined {
  const socket = new (loadNet().Socket)() as Socket & { _handle?: TcpHandle };
  socket.connect({ host: 'pending.invalid', port: 1, lookup: () => {} } as SocketConnectOpts);
  const handle = socket._handle;
  socket.destroy();
  return typeof handle?.open === 'function' ? (handle.constructor as TcpConstructor) : undefined;
}

function systemError(errno: number, syscall: string): Error {
  const [code, text] = loadUtil().getSystemErrorMap().get(errno) ?? ['UNKNOWN', 'unknown error'];
  return Object.assign(new Error(`${syscall} ${code}: ${text}`), { code, errno, syscall });
}
