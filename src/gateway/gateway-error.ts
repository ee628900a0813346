// The four errors of a gateway that cannot start. The texts are frozen: users match them, and
// test/unit/gateway-error.test.ts holds them.
import { isAbsolute } from 'node:path';
import { webSocketUrl } from '../address.js';
import { GatewayLockError, LockError, type OwnerRecord } from '../errors.js';
import { holderName, stopAdvice } from '../lock/holder-text.js';
import {
  DENIED_PORT_ADVICE,
  showModeCommand,
  stopCommand,
  whoHasOpenCommand,
  whoListensCommand,
} from '../native/shell-commands.js';

export interface Holder {
  readonly lockPath: string | null;
  readonly owner: OwnerRecord | null;
  readonly ownerAlive: boolean | null;
  /** Who listens on the port, where the system tells. */
  readonly listenerPid?: number | null;
  readonly cause?: unknown;
}

interface Place {
  readonly host: string;
  readonly port: number;
}

export function portInUseError({ host, port }: Place, holder: Holder): GatewayLockError {
  return new GatewayLockError(
    'ERR_GATEWAY_PORT_IN_USE',
    `another gateway instance is already listening on ${webSocketUrl(host, port)}`,
    { ...details(holder), host, port, hint: holderHint(holder, port) },
  );
}

export function lockedError({ host, port }: Place, timeoutMs: number, holder: Holder): GatewayLockError {
  // A dead owner's record can lie in the file of a holder that wrote none.
  const pid = (holder.ownerAlive !== false && holder.owner?.pid) || 'unknown';
  return new GatewayLockError(
    'ERR_GATEWAY_LOCKED',
    `gateway already running (pid ${pid}); lock timeout after ${timeoutMs}ms`,
    { ...details(holder), host, port, hint: holderHint(holder, port) },
  );
}

/** Under a supervisor: the one that has it did not become healthy, and did not go away. */
export function gaveUpError(refusal: GatewayLockError, budgetMs: number, reason: string | null): GatewayLockError {
  const { code, host, port, hint, message } = refusal;
  return new GatewayLockError(code, `${message}; existing gateway did not become healthy after ${budgetMs}ms`, {
    ...details({ lockPath: refusal.lockPath, owner: refusal.owner, ownerAlive: refusal.ownerAlive, cause: refusal }),
    host,
    port,
    hint: `Its health answer: ${reason ?? 'none'}. ${hint}`,
  });
}

export function lockFailedError({ host, port }: Place, lockPath: string, cause: unknown): GatewayLockError {
  const text = cause instanceof Error ? cause.message : String(cause);
  return new GatewayLockError('ERR_GATEWAY_LOCK_FAILED', `failed to acquire gateway lock at ${lockPath}: ${text}`, {
    path: lockPath,
    owner: cause instanceof LockError ? cause.owner : null,
    host,
    port,
    cause,
    hint: isAbsolute(lockPath)
      ? `No gateway was started. See what lies there: ${showModeCommand(lockPath)}`
      : 'No gateway was started.',
  });
}

export function bindFailedError({ host, port }: Place, cause: unknown): GatewayLockError {
  const { message, code } = cause as NodeJS.ErrnoException;
  return new GatewayLockError(
    'ERR_GATEWAY_BIND_FAILED',
    `failed to bind gateway socket on ${webSocketUrl(host, port)}: ${message}`,
    { host, port, cause, hint: BIND_HINTS[code ?? ''] ?? 'Choose another host or port.' },
  );
}

const BIND_HINTS: Readonly<Record<string, string>> = {
  EACCES: DENIED_PORT_ADVICE,
  EADDRNOTAVAIL: 'That address is not one of this host: see them with `ip addr` or `ifconfig`, or use 127.0.0.1.',
  EAFNOSUPPORT: 'This host has no such address family: use 127.0.0.1.',
};

function details({ lockPath, owner, ownerAlive, cause }: Holder) {
  return { path: lockPath, owner, ownerAlive, ...(cause === undefined ? {} : { cause }) };
}

function holderHint(holder: Holder, port: number): string {
  const { owner, ownerAlive, listenerPid, lockPath } = holder;
  const listener = listenerPid && listenerPid !== owner?.pid ? listenerHint(listenerPid) : '';
  if (owner !== null && ownerAlive !== false) return `${listener}${ownerHint(holder, owner)}`;
  if (listener !== '') return `${listener}Choose another port, or stop what listens there.`;
  const [held, look] =
    lockPath === null ? ['The port', whoListensCommand(port)] : [lockPath, whoHasOpenCommand(lockPath)];
  return `${held} is held by a process that is not known. See which: ${look}. Or choose another profile and port.`;
}

function listenerHint(pid: number): string {
  return pid === process.pid
    ? `This very process (pid ${pid}) listens there. `
    : `pid ${pid} listens there (${stopCommand(pid)}). `;
}

function ownerHint(holder: Holder, owner: OwnerRecord): string {
  const since = owner.createdAt === null ? '' : ` since ${owner.createdAt}`;
  const advice = ['Use that gateway', stopAdvice(holder), 'or start this one with another profile and port.'];
  return `${holderName(holder)} holds ${holder.lockPath}${since}. ${advice.filter(Boolean).join(', ')}`;
}
