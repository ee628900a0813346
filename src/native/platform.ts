// The facts in which operating systems differ. Together with the other files of this folder the
// only code that reads the platform.
import { isAbsolute, join, resolve, sep } from 'node:path';
import { connectableAddresses } from '../endpoint.js';

const isWindows = process.platform === 'win32';

/**
 * True if a lock can stay held for a moment after its holder has ended. Windows unlocks the files
 * of a dead process some time later; other systems release the lock before the process is gone.
 */
export const locksOutliveHolders = isWindows;

/**
 * True if a program can inherit a lock and a listening socket. On Windows a lock belongs to the
 * process that acquired it, and a SOCKET is not a descriptor that could be named to another
 * runtime.
 */
export const programsInherit = !isWindows;

/**
 * True if a signal can be sent on to one other process. A Windows console sends a signal to every
 * process in it, and kill() terminates a process without notice.
 */
export const signalsCanBeRelayed = !isWindows;

/** True if the state of a process can be read (/proc). Elsewhere a zombie counts as alive. */
export const processStatesAreKnown = process.platform === 'linux';

/**
 * True if EACCES for a port means that the system reserves it. Windows reserves port ranges for
 * Hyper-V, WSL and Docker, and has no ports for privileged users.
 */
export const deniedPortIsReserved = isWindows;

/** The separator between two parts of a path. */
export const SEPARATOR: string | RegExp = sep === '/' ? sep : /[\\/]/;

/**
 * Returns the absolute path as the system resolves it. Windows removes `..` from the text before it
 * follows any link. On other systems `..` is the parent of a link's target, so it has to stay.
 */
export function absolutePath(path: string): string {
  if (isWindows) return resolve(path);
  return isAbsolute(path) ? path : join(process.cwd(), sep) + path;
}

/** Returns undefined on Windows, where users have no numeric ids. */
export function userId(): number | undefined {
  return process.getuid?.();
}

/** Returns undefined on Windows, where users have no numeric ids. */
export function effectiveUserId(): number | undefined {
  return process.geteuid?.();
}

/** Returns undefined on Windows, where groups have no numeric ids. */
export function effectiveGroupId(): number | undefined {
  return process.getegid?.();
}

/**
 * Returns the addresses on which a server on `address` has to listen as well, so that no other
 * server can take them. On macOS a socket with SO_REUSEADDR, which every Node server sets, can bind
 * 127.0.0.1 beside a listener on 0.0.0.0, and then gets the connections (in_pcbbind() in XNU,
 * bsd/netinet/in_pcb.c). macOS refuses only a bind of exactly the same address.
 */
export function addressesToGuard(address: string, platform: NodeJS.Platform = process.platform): readonly string[] {
  if (platform !== 'darwin') return [];
  return connectableAddresses(address).filter((loopback) => loopback !== address);
}

/**
 * Describes what the kernel lets other servers bind beside a listener on `host`. Returns null if it
 * lets them bind nothing.
 */
export function bindLimit(host: string, platform: NodeJS.Platform = process.platform): string | null {
  if (platform !== 'darwin') return null;
  const beside = `macOS lets another server of this user listen on the same port beside ${host}`;
  return addressesToGuard(host, platform).length > 0
    ? `${beside}: on the other wildcard, and on each address except loopback, which the gateway holds as well`
    : `${beside}, on the wildcard; connections to ${host} still reach the gateway`;
}
