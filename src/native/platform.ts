// The differences between operating systems. Only the files of src/native read the platform.
import { isAbsolute, join, resolve, sep } from 'node:path';
import { connectableAddresses } from '../endpoint.js';

const isWindows = process.platform === 'win32';

/**
 * True if a lock can remain held for a short time after its holder has ended. Windows unlocks a
 * dead process's files some time after its death; other systems release the lock before the process
 * is gone.
 */
export const locksOutliveHolders = isWindows;

/**
 * True if a program can inherit a lock and a listening socket. On Windows a lock belongs to the
 * process that acquired it, and a SOCKET has no descriptor number that could be passed to another
 * runtime.
 */
export const programsInherit = !isWindows;

/**
 * True if `child_process.spawn()` can pass any descriptor to a child. Deno and Bun pass only stdin,
 * stdout and stderr.
 */
export const childrenInherit: boolean =
  programsInherit && !('deno' in process.versions) && !('bun' in process.versions);

/**
 * True if a successor gets its listening sockets through Node's IPC channel, because it can inherit
 * neither sockets nor locks.
 */
export const socketsAreSent: boolean = isWindows && !('deno' in process.versions) && !('bun' in process.versions);

/**
 * True if a signal can be relayed to a single process. A Windows console signals all its processes,
 * and kill() terminates a process without notice.
 */
export const signalsCanBeRelayed = !isWindows;

/** True if process states can be read from /proc. On other systems a zombie counts as alive. */
export const processStatesAreKnown = process.platform === 'linux';

/**
 * True if EACCES for a port means that the system has reserved it. Windows reserves port ranges for
 * Hyper-V, WSL and Docker, and has no ports that only privileged users may bind.
 */
export const deniedPortIsReserved = isWindows;

/** The separator between two parts of a path. */
export const SEPARATOR: string | RegExp = sep === '/' ? sep : /[\\/]/;

/**
 * Makes a path absolute as the operating system does. Windows removes `..` from the text of a path
 * before it follows any links. On other systems `..` after a link means the parent of the link's
 * target, so it has to stay in the path.
 */
export function absolutePath(path: string): string {
  if (isWindows) return resolve(path);
  return isAbsolute(path) ? path : join(process.cwd(), sep) + path;
}

/** Returns the real user id of this process, or undefined on Windows. */
export function userId(): number | undefined {
  return process.getuid?.();
}

/** Returns the effective user id of this process, or undefined on Windows. */
export function effectiveUserId(): number | undefined {
  return process.geteuid?.();
}

/** Returns the effective group id of this process, or undefined on Windows. */
export function effectiveGroupId(): number | undefined {
  return process.getegid?.();
}

/**
 * Returns the additional addresses on which a server on `address` has to listen to keep other
 * servers from binding them. On macOS a socket with SO_REUSEADDR, which every Node server sets, can
 * bind 127.0.0.1 even if another socket listens on 0.0.0.0, and then receives the connections to
 * 127.0.0.1 (in_pcbbind() in XNU, bsd/netinet/in_pcb.c). macOS refuses a bind only if another
 * socket has exactly the same address.
 */
export function addressesToGuard(address: string, platform: NodeJS.Platform = process.platform): readonly string[] {
  if (platform !== 'darwin') return [];
  return connectableAddresses(address).filter((loopback) => loopback !== address);
}

/**
 * Describes the addresses that other servers can still bind while a server listens on `host`.
 * Returns null if the kernel refuses to bind any conflicting address.
 */
export function bindLimit(host: string, platform: NodeJS.Platform = process.platform): string | null {
  if (platform !== 'darwin') return null;
  const beside = `macOS lets another server of this user listen on the same port beside ${host}`;
  return addressesToGuard(host, platform).length > 0
    ? `${beside}: on the other wildcard, and on every address except the loopback addresses, on which the gateway listens too`
    : `${beside}, on the wildcard; connections to ${host} still reach the gateway`;
}
