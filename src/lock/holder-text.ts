// Texts about the holder for error messages and hints. A kill command is suggested only for a
// process that is known to hold the lock and to be alive.
import type { OwnerRecord } from '../errors.js';
import { stopCommand } from '../native/shell-commands.js';
import { printable } from '../printable.js';

export interface KnownHolder {
  readonly owner: OwnerRecord | null;
  readonly ownerAlive: boolean | null;
  /** The living holder if the record does not name it. */
  readonly holderPid?: number;
}

/** Returns what a probe says about the holder. */
export function knownHolder({ owner, ownerAlive, holderPid }: KnownHolder): KnownHolder {
  return { owner, ownerAlive, ...(holderPid === undefined ? {} : { holderPid }) };
}

/** Returns the pid of the holder if it is known to be alive, or null. */
export function livingHolder({ owner, ownerAlive, holderPid }: KnownHolder): number | null {
  return holderPid ?? (ownerAlive === true && owner !== null ? owner.pid : null);
}

/** Returns true if this process is the holder. */
export function isOwn(holder: KnownHolder): boolean {
  return livingHolder(holder) === process.pid;
}

/** Returns `pid 12`, or a text that says why the holder is unknown. */
export function holderName({ owner, ownerAlive, holderPid }: KnownHolder): string {
  if (holderPid !== undefined) return `pid ${holderPid}${inheritedText(owner)}`;
  if (owner === null) return 'an unknown process (the lock file does not name one)';
  if (ownerAlive === null) return `pid ${owner.pid}${elsewhereText(owner)}`;
  return ownerAlive
    ? `pid ${owner.pid}`
    : `an unknown process (the lock file names pid ${owner.pid}, which is dead or dying)`;
}

function inheritedText(owner: OwnerRecord | null): string {
  return owner === null ? '' : ` (which inherited the lock from pid ${owner.pid})`;
}

/** Says where the owner runs, if the record contains a host or a pid namespace. */
function elsewhereText({ host, pidNamespace }: OwnerRecord): string {
  if (host !== null) return ` of another container or host (${printable(host)})`;
  return pidNamespace === null ? ', which may be dead' : ' of another container';
}

/** Returns `stop it (kill 12)`, or '' if no kill command can be suggested. */
export function stopAdvice(holder: KnownHolder): string {
  const pid = livingHolder(holder);
  return pid === null || isOwn(holder) ? '' : `stop it (${stopCommand(pid)})`;
}
