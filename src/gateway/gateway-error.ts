// The four errors of a gateway that cannot start. The messages must not change, because users'
// scripts match them; test/unit/gateway-error.test.ts checks them.
import { type Endpoint, webSocketUrl } from '../endpoint.js';
import { GatewayLockError, LockError, type OwnerRecord } from '../errors.js';
import { holderName, isOwn, knownHolder, stopAdvice } from '../lock/internal.js';
import { DENIED_PORT_ADVICE, listListenersCommand, listOpenersCommand, stopCommand } from '../native/shell-commands.js';
import { printable } from '../printable.js';
import { systemdHint } from './systemd-hint.js';
import { unusableHint } from './unusable-path.js';

/** What is known about the process that prevents a gateway from starting. */
export interface Holder {
  readonly lockPath: string | null;
  readonly owner: OwnerRecord | null;
  readonly ownerAlive: boolean | null;
  /** The living holder if the record does not name it. */
  readonly holderPid?: number;
  /** The process that listens on the port; null if the system does not report it. */
  readonly listenerPid?: number | null;
  readonly cause?: unknown;
}

export function portInUseError({ host, port }: Endpoint, holder: Holder): GatewayLockError {
  return new GatewayLockError(
    'ERR_GATEWAY_PORT_IN_USE',
    `another gateway instance is already listening on ${webSocketUrl(host, port)}`,
    { ...details(holder), host, port, hint: portInUseHint({ host, port }, holder) },
  );
}

export function lockedError({ host, port }: Endpoint, timeoutMs: number, holder: Holder): GatewayLockError {
  // If the holder has written no record, the file may still contain a dead owner's record.
  const pid = holder.holderPid ?? ((holder.ownerAlive !== false && holder.owner?.pid) || 'unknown');
  return new GatewayLockError(
    'ERR_GATEWAY_LOCKED',
    `gateway already running (pid ${pid}); lock timeout after ${Math.round(timeoutMs)}ms`,
    { ...details(holder), host, port, hint: holderHint(holder, port) },
  );
}

/**
 * Returns the error that a supervised start throws if the holder neither became healthy nor ended
 * within the budget.
 */
export function gaveUpError(refusal: GatewayLockError, budgetMs: number, reason: string | null): GatewayLockError {
  const { code, host, port, hint, message } = refusal;
  return new GatewayLockError(
    code,
    `${message}; existing gateway did not become healthy after ${Math.round(budgetMs)}ms`,
    {
      ...details({ lockPath: refusal.lockPath, ...knownHolder(refusal), cause: refusal }),
      host,
      port,
      hint: `The last health check failed: ${printable(reason ?? 'no reason given')}. ${hint}`,
    },
  );
}

/**
 * Returns the error for a lock file that cannot be used. `paths` is null if the caller named the
 * lock file. Returns ERR_NATIVE_MISSING unchanged, because it has nothing to do with the lock file.
 */
export function lockFailedError(
  place: Endpoint & { readonly paths?: object | null },
  lockPath: string,
  cause: unknown,
): LockError {
  if (cause instanceof LockError && cause.code === 'ERR_NATIVE_MISSING') return cause;
  const text = cause instanceof Error ? cause.message : String(cause);
  return new GatewayLockError('ERR_GATEWAY_LOCK_FAILED', `failed to acquire gateway lock at ${lockPath}: ${text}`, {
    path: lockPath,
    owner: cause instanceof LockError ? cause.owner : null,
    host: place.host,
    port: place.port,
    cause,
    hint: unusableHint(lockPath, place.paths === null, cause),
  });
}

export function bindFailedError({ host, port }: Endpoint, cause: unknown, hint = bindHint(cause)): GatewayLockError {
  const { message } = cause as Error;
  return new GatewayLockError(
    'ERR_GATEWAY_BIND_FAILED',
    `failed to bind gateway socket on ${webSocketUrl(host, port)}: ${message}`,
    { host, port, cause, hint },
  );
}

/**
 * Returns the error for a port that is in use although no process listens on it. `connectionPid` is
 * the process whose connection uses the port, or null if the system does not report it.
 */
export function portTakenError(place: Endpoint, connectionPid: number | null, cause: unknown): GatewayLockError {
  return bindFailedError(place, cause, takenHint(connectionPid, place.port));
}

function takenHint(pid: number | null, port: number): string {
  if (pid === process.pid)
    return `A connection of this process (pid ${pid}) uses that port. Close that connection, or use another port.`;
  return pid === null
    ? `No process listens on that port, but a connection or a bound socket uses it. See which: ${listListenersCommand(port)}. Or use another port.`
    : `No process listens on that port, but a connection of pid ${pid} uses it. Stop that process (${stopCommand(pid)}), or use another port.`;
}

const BIND_HINTS: Readonly<Record<string, string>> = {
  EACCES: DENIED_PORT_ADVICE,
  EADDRNOTAVAIL: 'This host does not have that address. List its addresses (ip addr or ifconfig), or use 127.0.0.1.',
  EAFNOSUPPORT: 'This host does not support that address family. Use 127.0.0.1.',
};

function bindHint(cause: unknown): string {
  return BIND_HINTS[(cause as NodeJS.ErrnoException).code ?? ''] ?? 'Choose another host or port.';
}

function details({ lockPath, cause, ...holder }: Holder) {
  return { path: lockPath, ...knownHolder(holder), ...(cause === undefined ? {} : { cause }) };
}

/**
 * Returns the hint about the process that listens on the port and about the holder. systemd that
 * listens for a socket unit must not be killed.
 */
function portInUseHint(endpoint: Endpoint, holder: Holder): string {
  const { owner, ownerAlive, listenerPid = null } = holder;
  const isHolderKnown = owner !== null && ownerAlive !== false;
  const systemd = isHolderKnown && listenerPid === null ? null : systemdHint(endpoint, listenerPid);
  if (systemd === null) return holderHint(holder, endpoint.port);
  return isHolderKnown ? `${systemd} ${ownerHint(holder, owner)}` : `${systemd} Or use another port.`;
}

function holderHint(holder: Holder, port: number): string {
  const { owner, ownerAlive, holderPid, listenerPid, lockPath } = holder;
  const listener = listenerPid && listenerPid !== (holderPid ?? owner?.pid) ? listenerPid : null;
  if (holderPid !== undefined || (owner !== null && ownerAlive !== false))
    return `${listenerText(listener)}${ownerHint(holder, owner)}`;
  if (listener !== null) return listenerHint(listener);
  return lockPath === null
    ? `The port is in use by an unknown process. See which: ${listListenersCommand(port)}. Or use another port.`
    : `The lock is held by ${holderName(holder)}. See which: ${listOpenersCommand(lockPath)}. Or use another profile and port.`;
}

function listenerHint(pid: number): string {
  return pid === process.pid
    ? `This process (pid ${pid}) already listens on that port. Close that server first, or use another port.`
    : `pid ${pid} listens on that port. Stop it (${stopCommand(pid)}), or use another port.`;
}

/**
 * Returns a sentence about the process that listens on the port, or '' if it is the lock's holder.
 */
function listenerText(pid: number | null): string {
  if (pid === null) return '';
  return pid === process.pid
    ? `This process (pid ${pid}) already listens on that port. `
    : `pid ${pid} listens on that port. Stop it (${stopCommand(pid)}). `;
}

function ownerHint(holder: Holder, owner: OwnerRecord | null): string {
  const since = owner?.createdAt == null ? '' : ` since ${owner.createdAt}`;
  if (isOwn(holder)) {
    return `This process (pid ${process.pid}) already holds '${holder.lockPath}'${since}. Close that gateway first, or use another profile and port.`;
  }
  const advice = ['Use that gateway', stopAdvice(holder), 'or start this one with another profile and port.'];
  return `${holderName(holder)} holds '${holder.lockPath}'${since}. ${advice.filter(Boolean).join(', ')}`;
}
