// How messages name a holder, and what they tell a person to type. Only a process that is known to be
// alive, and to be the one that the record means, may be suggested for a kill.
import type { OwnerRecord } from '../errors.js';
import { stopCommand } from '../native/shell-commands.js';

export interface KnownHolder {
  readonly owner: OwnerRecord | null;
  readonly ownerAlive: boolean | null;
}

/** `pid 12`, or why there is no pid to name. */
export function holderName({ owner, ownerAlive }: KnownHolder): string {
  if (owner === null || ownerAlive === false) return 'a process that its record does not name';
  if (ownerAlive === null) return `pid ${owner.pid} of another container or host (${owner.host ?? 'unknown'})`;
  return owner.pid === process.pid ? `this very process (pid ${owner.pid})` : `pid ${owner.pid}`;
}

/** `stop it (kill 12)`, or '' where nothing is to be stopped from here. */
export function stopAdvice({ owner, ownerAlive }: KnownHolder): string {
  const killable = owner !== null && ownerAlive === true && owner.pid !== process.pid;
  return killable ? `stop it (${stopCommand(owner.pid)})` : '';
}
