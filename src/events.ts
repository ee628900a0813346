// What happens, for whoever subscribes with node:diagnostics_channel. The package itself prints nothing.
import { type Channel, channel } from 'node:diagnostics_channel';
import type { GatewayLockError, LockError, OwnerRecord } from './errors.js';

/** Channel names and what is published there. Subscribe with `diagnostics_channel.subscribe(name, listener)`. */
export interface GatewayLockEvents {
  /** A lock was taken. */
  'gateway-lock:acquire': {
    readonly path: string;
    readonly mode: 'exclusive' | 'shared';
    /** null in shared mode. */
    readonly owner: OwnerRecord | null;
  };
  /** Somebody else has it, and a wait of up to `timeoutMs` milliseconds begins. Once for each wait. */
  'gateway-lock:wait': {
    readonly path: string;
    readonly timeoutMs: number;
    readonly owner: OwnerRecord | null;
    readonly ownerAlive: boolean | null;
  };
  /** What was taken is the leftover of an earlier holder. Comes before its `acquire`. */
  'gateway-lock:reclaim': { readonly path: string; readonly reason: 'owner-gone' | 'port-free' | 'stale' };
  /** The lock file was removed or replaced under its holder. */
  'gateway-lock:lost': { readonly path: string; readonly error: LockError };
  /** A lock was let go. */
  'gateway-lock:release': { readonly path: string; readonly owner: OwnerRecord | null };
  /** What startSupervised() does about a start that was refused. */
  'gateway-lock:decision': SupervisedDecision;
}

/**
 * `leave`: the other one is healthy, leave it in control. `park`: the same, but wait until it dies.
 * `retry`: it is not healthy, try again. `give-up`: the budget is used up, or nobody supervises.
 */
export interface SupervisedDecision {
  readonly decision: 'leave' | 'park' | 'retry' | 'give-up';
  readonly supervisor: string | null;
  /** Why the start was refused. */
  readonly error: GatewayLockError;
  /** Whether that gateway is healthy; null where it was not asked. */
  readonly health: { readonly healthy: boolean; readonly reason: string | null } | null;
  /** How many starts were refused by now. */
  readonly attempts: number;
  /** Milliseconds left of the budget. */
  readonly remainingMs: number;
}

/** The payload is a function, because nobody listens mostly. */
export function announce<Name extends keyof GatewayLockEvents>(name: Name, payload: () => GatewayLockEvents[Name]) {
  const subscribers = channelOf(name);
  if (subscribers.hasSubscribers) subscribers.publish(payload());
}

/** Kept: Node forgets a channel that nobody has, and making one takes 60 us. */
const channels = new Map<string, Channel>();

/** @internal */
export function channelOf(name: keyof GatewayLockEvents): Channel {
  const known = channels.get(name);
  if (known !== undefined) return known;
  const made = channel(name);
  channels.set(name, made);
  return made;
}
