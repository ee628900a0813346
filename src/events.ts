// This package's events, published with node:diagnostics_channel. The package itself prints
// nothing.
import { type Channel, channel } from 'node:diagnostics_channel';
import { checkOneOf, type OptionNames } from './arguments.js';
import type { GatewayLockError, LockError, OwnerRecord } from './errors.js';

/**
 * The channels and their messages. Subscribe with `diagnostics_channel.subscribe(name, listener)`.
 *
 * @example
 * const onWait = ({ path, timeoutMs }: GatewayLockEvents['gateway-lock:wait']) =>
 *   console.log(`waiting ${timeoutMs} ms for ${path}`);
 * eventChannel('gateway-lock:wait').subscribe(onWait);
 */
export interface GatewayLockEvents {
  /** A lock was acquired. */
  'gateway-lock:acquire': {
    readonly path: string;
    readonly mode: 'exclusive' | 'shared';
    /** The owner record. Null in shared mode and with `record: false`. */
    readonly owner: OwnerRecord | null;
  };
  /**
   * Another holder has the lock, and a wait of up to `timeoutMs` milliseconds begins. Published
   * once per wait.
   */
  'gateway-lock:wait': {
    readonly path: string;
    readonly timeoutMs: number;
    readonly owner: OwnerRecord | null;
    readonly ownerAlive: boolean | null;
  };
  /** A leftover lock file was reclaimed. Published before the `acquire` event of the lock. */
  'gateway-lock:reclaim': { readonly path: string; readonly reason: 'owner-gone' | 'port-free' | 'stale' };
  /** The lock file was removed or replaced while the lock was held. */
  'gateway-lock:lost': { readonly path: string; readonly error: LockError };
  /** A lock was released. */
  'gateway-lock:release': { readonly path: string; readonly owner: OwnerRecord | null };
  /** startSupervised() decided what to do about a refused start. */
  'gateway-lock:decision': SupervisedDecision;
}

/**
 * The decision about a refused start. `leave`: the running gateway is healthy, and this start ends.
 * `park`: the running gateway is healthy, and this start waits until it ends. `retry`: the running
 * gateway is not healthy, and this start is retried. `give-up`: the budget is used up, or there is
 * no supervisor.
 *
 * @example
 * const onDecision = ({ decision, health, remainingMs }: SupervisedDecision) =>
 *   console.log(decision, health?.reason, `${remainingMs} ms left`);
 * const started = await startSupervised({ start: acquireGatewayLock, onDecision });
 * if (started.outcome === 'started') await started.gateway.close();
 */
export interface SupervisedDecision {
  readonly decision: 'leave' | 'park' | 'retry' | 'give-up';
  readonly supervisor: string | null;
  /** Why the start was refused. */
  readonly error: GatewayLockError;
  /** The health of the running gateway. Null if the health was not probed. */
  readonly health: { readonly healthy: boolean; readonly reason: string | null } | null;
  /** The number of starts refused so far. */
  readonly attempts: number;
  /** The remaining budget in milliseconds. */
  readonly remainingMs: number;
}

/** Publishes an event. `payload` is called only if the channel has a subscriber. */
export function announce<Name extends keyof GatewayLockEvents>(name: Name, payload: () => GatewayLockEvents[Name]) {
  const subscribers = channelOf(name);
  if (subscribers.hasSubscribers) subscribers.publish(payload());
}

/**
 * A channel of `node:diagnostics_channel` whose messages have a type.
 *
 * @example
 * const channel: EventChannel<'gateway-lock:lost'> = eventChannel('gateway-lock:lost');
 * channel.subscribe(({ path, error }) => console.error(path, error.code));
 */
export interface EventChannel<Name extends keyof GatewayLockEvents> {
  readonly name: Name;
  readonly hasSubscribers: boolean;
  /** Calls `listener` synchronously with each message. An error that it throws is uncaught. */
  subscribe(listener: (message: GatewayLockEvents[Name], name: Name) => void): void;
  /** Returns false if `listener` was not subscribed. */
  unsubscribe(listener: (message: GatewayLockEvents[Name], name: Name) => void): boolean;
}

/**
 * Returns the channel `name` of `node:diagnostics_channel`, with the type of its messages.
 *
 * @example
 * eventChannel('gateway-lock:acquire').subscribe(({ path, mode }) => console.log(path, mode));
 * tryAcquireLock('job.lock')?.release();
 * @throws {TypeError} `ERR_INVALID_ARG_VALUE` if there is no channel with this name
 */
export function eventChannel<Name extends keyof GatewayLockEvents>(name: Name): EventChannel<Name> {
  checkOneOf('name', name, Object.keys(EVENTS));
  return channelOf(name) as unknown as EventChannel<Name>;
}

const EVENTS: OptionNames<GatewayLockEvents> = {
  'gateway-lock:acquire': true,
  'gateway-lock:wait': true,
  'gateway-lock:reclaim': true,
  'gateway-lock:lost': true,
  'gateway-lock:release': true,
  'gateway-lock:decision': true,
};

/**
 * Keeps the channels alive, because Node drops a channel without references, and creating it again
 * takes 60 us.
 */
const channels = new Map<string, Channel>();

/** @internal */
export function channelOf(name: keyof GatewayLockEvents): Channel {
  const known = channels.get(name);
  if (known !== undefined) return known;
  const created = channel(name);
  channels.set(name, created);
  return created;
}
