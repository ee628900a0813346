// Formats the cells of one lock in the table of `status`.
import type { ListedLock } from '../../../index.js';
import { commandText } from '../../../internal.js';
import { printable } from '../../../printable.js';
import type { Paint } from '../../output.js';

export interface Cell {
  readonly text: string;
  readonly style?: Parameters<Paint>[0];
}

export function stateCell({ state, heldBy }: ListedLock): Cell {
  if (state === 'unreadable') return { text: state, style: 'red' };
  if (state !== 'held') return { text: state, style: 'dim' };
  const how = { exclusive: '', shared: ' shared', record: ' by record' }[heldBy ?? 'exclusive'];
  return { text: `held${how}`, style: heldBy === 'record' ? 'yellow' : 'green' };
}

export function holderCell({ owner, ownerAlive, holderPid }: ListedLock): Cell {
  if (holderPid !== undefined) return { text: String(holderPid) };
  if (owner === null) return { text: '' };
  if (ownerAlive === true) return { text: String(owner.pid) };
  if (ownerAlive === false) return { text: `${owner.pid} (gone)`, style: 'dim' };
  // A record without a host may be from any host.
  const where = owner.host === null ? 'perhaps gone' : `on ${printable(owner.host)}`;
  return { text: `${owner.pid} (${where})`, style: 'dim' };
}

export function sinceCell({ owner }: ListedLock, nowMs: number): Cell {
  const sinceMs = Date.parse(owner?.createdAt ?? '');
  if (Number.isNaN(sinceMs)) return { text: '' };
  return { text: `${localTime(new Date(sinceMs))} (${ageText(nowMs - sinceMs)})` };
}

export function portCell({ host, port }: ListedLock): Cell {
  if (port === null) return { text: '' };
  return { text: host === '127.0.0.1' ? String(port) : `${host?.includes(':') ? `[${host}]` : host}:${port}` };
}

export function healthCell({ listening, health }: ListedLock): Cell {
  if (listening === null) return { text: '' };
  if (!listening) return { text: 'not listening', style: 'yellow' };
  if (health?.healthy) return { text: 'healthy', style: 'green' };
  return { text: `unhealthy: ${printable(health?.reason ?? 'no answer')}`, style: 'red' };
}

export function commandCell({ command }: ListedLock): Cell {
  return { text: printable(commandText(command ?? [])) };
}

/** Returns a local time such as `2026-11-22 17:48:53`. */
export function localTime(time: Date): string {
  const minutes = time.getTime() - time.getTimezoneOffset() * 60_000;
  return new Date(minutes).toISOString().slice(0, 19).replace('T', ' ');
}

/** Returns an age in the largest useful unit: `12 s`, `3 min`, `5 h`, `40 days`. */
export function ageText(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 0) return 'in the future';
  if (seconds < 100) return `${seconds} s`;
  if (seconds < 100 * 60) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} days`;
}
