// Step 16 of docs/protocol.md. Adopts the locks and the socket that this process has inherited from
// the gateway that it replaces, or from `gateway-lock run`.
import { closeSync, fstatSync, statSync } from 'node:fs';
import { adoptSockets } from '../../bind/adopt-sockets.js';
import type { BoundListener } from '../../bind/bound-listener.js';
import { GatewayLockError } from '../../errors.js';
import { adoptLock, createRequest, type FileLock, recordHead } from '../../lock/internal.js';
import type { AdoptLockRefusal } from '../../native/binding.js';
import { native } from '../../native/load.js';
import { bindFailedError } from '../gateway-error.js';
import type { GatewayRequest } from '../gateway-options.js';
import { lockTarget } from '../lock-requests.js';
import { forgetActivation } from './activation.js';
import { Custody } from './custody.js';
import { INHERITED_VARIABLE, type Inherited, parseInherited } from './variable.js';

export interface Adoption {
  readonly from: 'upgrade' | 'run';
  readonly locks: FileLock[];
  /** Null if no socket was passed that this gateway asks for. */
  readonly listener: BoundListener | null;
  readonly custody: Custody;
}

/**
 * Adopts what the variable GATEWAY_LOCK_INHERITED names. Returns null if nothing was passed to this
 * process, or if the descriptors are not those that the request asks for. In the latter case, closes
 * them and tells the predecessor.
 *
 * @throws {GatewayLockError} `ERR_GATEWAY_BIND_FAILED` if `gateway-lock run` has passed the locks and
 *   the socket of another port
 */
export function adoptInherited(request: GatewayRequest): Adoption | null {
  const text = process.env[INHERITED_VARIABLE];
  const inherited = text === undefined ? null : parseInherited(text);
  if (inherited === null || !isForThisGateway(inherited, request) || !native().takeToken(inherited.channel))
    return null;
  delete process.env[INHERITED_VARIABLE];
  const custody = new Custody(inherited);
  const adopted = adopt(inherited, request);
  if (adopted instanceof Error) {
    custody.refuse(adopted.message);
    if (adopted instanceof GatewayLockError) throw adopted;
    return null;
  }
  custody.report('adopted');
  return { from: inherited.from, custody, ...adopted };
}

/**
 * Returns false for a program of `gateway-lock run` that asks for other locks than those of `run`.
 * The locks of `run` are not its concern then, so it must not close them.
 */
function isForThisGateway({ from, locks }: Inherited, { lockPaths }: GatewayRequest): boolean {
  if (from === 'upgrade') return true;
  return locks.length === lockPaths.length && locks.every((lock, index) => isSameFile(lock, lockPaths[index]!()));
}

function isSameFile(descriptor: number, path: string): boolean {
  try {
    const [inherited, named] = [fstatSync(descriptor, { bigint: true }), statSync(path, { bigint: true })];
    return inherited.ino === named.ino && inherited.dev === named.dev;
  } catch {
    return false;
  }
}

/** Adopts all locks and the socket, or closes them and returns the reason. */
function adopt(inherited: Inherited, request: GatewayRequest): Pick<Adoption, 'locks' | 'listener'> | Error {
  const locks: FileLock[] = [];
  const adopted = request.bind ? adoptSockets({ descriptors: inherited.sockets, copy: false }, request) : null;
  const listener = adopted?.listener ?? null;
  try {
    checkSockets(inherited, request, adopted?.count ?? 0);
    adoptLocks(inherited, request, locks);
    if (listener !== null) forgetActivation();
    return { locks, listener };
  } catch (error) {
    discard(inherited, locks, listener);
    return error as Error;
  }
}

/**
 * Throws if sockets were passed that this gateway does not use. A program of `gateway-lock run` may
 * use them without this package (`bind: false`), but may not bind another port: the clients of the
 * socket would wait forever.
 */
function checkSockets(
  { from, sockets }: Inherited,
  { cluster, bind, host, port }: GatewayRequest,
  adopted: number,
): void {
  if (cluster !== undefined) throw new Error('a gateway with a cluster lock cannot be handed over');
  if (adopted === sockets.length || (from === 'run' && (adopted > 0 || !bind))) return;
  if (!bind) throw new Error('the successor does not bind the port (bind: false)');
  const reason = new Error(`the inherited socket does not listen on ${host}, port ${port}`);
  throw from === 'upgrade' ? reason : bindFailedError({ host, port }, reason, OTHER_PORT_ADVICE);
}

const OTHER_PORT_ADVICE =
  'Start `gateway-lock run` with the host and port of this gateway, or without --port if the gateway binds it itself.';

/** Adds each adopted lock to `adopted`, and throws at the first descriptor that is not the lock. */
function adoptLocks({ from, locks, keeper }: Inherited, request: GatewayRequest, adopted: FileLock[]): void {
  const { lockPaths, weakFileSystem } = request;
  if (locks.length !== lockPaths.length) {
    throw new Error(`${locks.length} locks were inherited, and this gateway uses ${lockPaths.length}`);
  }
  const head = recordHead(from === 'run' ? { ...request.owner, keeper } : request.owner);
  for (const [index, pathOf] of lockPaths.entries()) {
    const path = pathOf();
    const lock = adoptLock(createRequest(lockTarget(path, request), head, weakFileSystem), locks[index]!);
    if (typeof lock === 'string') throw new Error(`${REFUSALS[lock]} '${path}' (descriptor ${locks[index]})`);
    adopted.push(lock);
  }
}

const REFUSALS: Readonly<Record<AdoptLockRefusal, string>> = {
  closed: 'no descriptor was inherited for',
  'other-file': 'the inherited lock is not that of',
  held: 'another process holds',
};

/** Closes all inherited descriptors except sockets of `gateway-lock run`, which the program may use. */
function discard(
  { from, sockets, locks }: Inherited,
  adopted: readonly FileLock[],
  listener: BoundListener | null,
): void {
  const owned = [...(listener?.sockets ?? []), ...adopted.map((lock) => lock.fd)];
  const others = [...(from === 'upgrade' ? sockets : []), ...locks].filter((descriptor) => !owned.includes(descriptor));
  for (const lock of adopted) lock.leave();
  void listener?.close();
  for (const descriptor of others) closeIfOpen(descriptor);
}

function closeIfOpen(descriptor: number): void {
  try {
    closeSync(descriptor);
  } catch {
    // The descriptor was not open.
  }
}
