// The variable GATEWAY_LOCK_INHERITED, one line of JSON that tells a program which descriptors it
// has inherited. Written by an upgrade and by `gateway-lock run`, read by the program that adopts
// the descriptors. Steps 15 to 21 of docs/protocol.md describe what both sides do with them.
import type { KeeperReference, ProcessReference } from '../../errors.js';

export const INHERITED_VARIABLE = 'GATEWAY_LOCK_INHERITED';

/** The first descriptor that a program inherits in addition to stdin, stdout and stderr. */
const FIRST_DESCRIPTOR = 3;

/** What a program inherits. The order of its descriptors is: sockets, locks, channel. */
export interface Inherited {
  /** `upgrade`: from the gateway that this program replaces. `run`: from `gateway-lock run`. */
  readonly from: 'upgrade' | 'run';
  /** The listening sockets: two for `localhost`, none if the program binds its port itself. */
  readonly sockets: readonly number[];
  /** The lock files, in the order in which a gateway acquires them. */
  readonly locks: readonly number[];
  /** The program's end of the custody channel. */
  readonly channel: number;
  /** The `gateway-lock run` that keeps the locks. Null for an upgrade. */
  readonly keeper: KeeperReference | null;
  /**
   * The process that must be gone before the program may go on, in addition to the end of the
   * channel. Null if the end of the channel is enough.
   */
  readonly predecessor: ProcessReference | null;
}

/** What is passed to a program: the number of its sockets and locks, and the processes. */
export interface Bequest extends Pick<Inherited, 'from'> {
  readonly sockets: number;
  readonly locks: number;
  readonly keeper?: KeeperReference;
  readonly predecessor?: ProcessReference;
}

/**
 * Returns the value of the variable for a program that inherits its descriptors from descriptor 3
 * on: the sockets, then the locks, then the channel.
 */
export function formatInherited({ from, sockets, locks, keeper, predecessor }: Bequest): string {
  const firstLock = FIRST_DESCRIPTOR + sockets;
  const channel = firstLock + locks;
  return JSON.stringify({
    from,
    sockets: range(FIRST_DESCRIPTOR, firstLock),
    locks: range(firstLock, channel),
    channel,
    keeper,
    predecessor,
  });
}

/** Returns null if the text is not a value of {@link formatInherited}. */
export function parseInherited(text: string): Inherited | null {
  const { from, sockets, locks, channel, keeper, predecessor } = parseObject(text);
  if (from !== 'upgrade' && from !== 'run') return null;
  if (!isDescriptors(sockets) || !isDescriptors(locks) || !isDescriptor(channel)) return null;
  if (locks.length === 0 || new Set([...sockets, ...locks, channel]).size <= sockets.length + locks.length) return null;
  if (!isOptionalProcess(keeper) || !isOptionalProcess(predecessor)) return null;
  return { from, sockets, locks, channel, keeper: keeper ?? null, predecessor: predecessor ?? null };
}

function range(first: number, end: number): number[] {
  return Array.from({ length: end - first }, (_, index) => first + index);
}

function parseObject(text: string): Record<string, unknown> {
  try {
    return (JSON.parse(text) as Record<string, unknown> | null) ?? {};
  } catch {
    return {};
  }
}

function isDescriptor(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= FIRST_DESCRIPTOR && (value as number) <= 0x7fffffff;
}

function isDescriptors(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every(isDescriptor);
}

function isOptionalProcess(value: unknown): value is ProcessReference | undefined {
  if (value === undefined) return true;
  const { pid, startToken } = (value ?? {}) as Partial<ProcessReference>;
  return Number.isInteger(pid) && pid! > 0 && Number.isFinite(startToken);
}
