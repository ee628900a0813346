// Texts about the holder for error messages and hints. A kill command is suggested only if the
// process that wrote the record is known to be alive.
import type { OwnerRecord } from '../errors.js';
import { stopCommand } from '../native/shell-commands.js';
import { printable } from '../printable.js';

export interface KnownHolder {
  readonly owner: OwnerRecord | null;
  readonly ownerAlive: boolean | null;
}

/** Returns true if this process is the holder. */
export function isOwn({ owner, ownerAlive }: KnownHolder): boolean {
  return ownerAlive === true && owner?.pid === process.pid;
}

/** Returns `pid 12`, or a text that says why the holder is unknown. */
export function holderName({ owner, ownerAlive }: KnownHolder): string {
  if (owner === null) return 'an unknown process (the lock file does not name one)';
  if (ownerAlive === null) return `pid ${owner.pid}${elsewhereText(owner)}`;
  return ownerAlive
    ? `pid ${owner.pid}`
    : `an unknown process (the lock file names pid ${owner.pid}, which is dead or dying)`;
}

/** Says where the owner runs, if the record contains a host or a pid namespace. */
function elsewhereText({ host, pidNamespace }: OwnerRecord): string {
  if (host !== null) return ` of another container or host (${printable(host)})`;
  return pidNamespace === null ? ', which may be dead' : ' of another container';
}

/** Returns `stop it (kill 12)`, or '' if no kill command can be suggested. */
export function stopAdvice(holder: KnownHolder): string {
  const { owner, ownerAlive } = holder;
  const killable = owner !== null && ownerAlive === true && !isOwn(holder);
  return killable ? `stop it (${stopCommand(owner.pid)})` : '';
}
