// Encodes the owner record: the one JSON line in a lock file that names its holder.
//
// Optimisations, each for a figure of docs/performance.md:
// - `cycle`: the head is encoded once, and the date once in a millisecond (-10 us of 60).
// - `gateway`: the endpoint is appended as text (-10 us of 87, start and close in /dev/shm).
// - `rss_per_lock`: an id is joined to one string (-260 bytes).
// - `release_handoff`: a waiter warms up the code of this file (see waiter.ts).
import { invalidType, outOfRange } from '../arguments.js';
import type { OwnerRecord } from '../errors.js';
import { loadCrypto } from '../native/builtins.js';
import { type ProcessIdentity, processStartToken, selfIdentity } from './process-identity.js';
import { isPid, parseRecord, RECORD_LIMIT } from './record-parser.js';

/** A warning inside the file, because deleting lock files is folk advice (openclaw#138833). */
const NOTE = '"note":"Only a hint: the kernel lock decides. A leftover of this file blocks nothing."';

export type OwnerFields = Readonly<Record<string, unknown>>;

/**
 * The record of a lock that this process holds. {@link recordOf} makes an object of it on demand,
 * which is rare.
 */
export interface OwnRecord {
  /**
   * The first part of the JSON text: the identity of the holder and the caller's fields. Locks with
   * equal fields share it.
   */
  readonly head: string;
  readonly createdAt: string;
  /** Differs for each acquisition. */
  readonly ownerId: string;
}

/** Creates the record of a new acquisition. `head` comes from {@link recordHead}. */
export function createRecord(head: string): OwnRecord {
  return { head, createdAt: currentTime(), ownerId: randomId() };
}

let lastTime = { ms: Number.NaN, text: '' };

function currentTime(): string {
  const ms = Date.now();
  if (ms !== lastTime.ms) lastTime = { ms, text: new Date(ms).toISOString() };
  return lastTime.text;
}

let randomUUID: (() => string) | undefined;

function randomId(): string {
  randomUUID ??= loadCrypto().randomUUID;
  const id = randomUUID();
  // Makes V8 join the 20 parts of the text.
  id.charCodeAt(0);
  return id;
}

/**
 * Encodes and parses a throw-away record, to warm up node:crypto, JSON and the regular expressions.
 * V8 compiles a regular expression when it is used for the second time.
 */
export function warmUpRecord(): void {
  const head = recordHead();
  for (let time = 0; time < 2; time++) recordOf(createRecord(head));
}

let plainHead: string | undefined;

/**
 * Encodes the {@link OwnRecord.head} for this process. The caller's fields cannot change its
 * identity.
 *
 * @throws {RangeError} `ERR_OUT_OF_RANGE` if the record would be longer than {@link RECORD_LIMIT}
 *   bytes
 * @throws {TypeError} `ERR_INVALID_ARG_VALUE` if a field is not JSON
 */
export function recordHead(fields?: OwnerFields): string {
  if (fields !== undefined) return encodeHead(fields, selfIdentity());
  plainHead ??= encodeHead({}, selfIdentity());
  return plainHead;
}

/** Returns the content of the lock file. */
export function formatRecord({ head, createdAt, ownerId }: OwnRecord): string {
  return `${head},"createdAt":"${createdAt}","ownerId":"${ownerId}","kernelLock":true,${NOTE}}\n`;
}

/**
 * Parses the record as it is in the file, so that it shares no objects with the caller's fields.
 */
export function recordOf(record: OwnRecord): OwnerRecord {
  return parseRecord(formatRecord(record))!;
}

/**
 * Adds or replaces fields of a head, whose process stays the same.
 *
 * @throws {RangeError} `ERR_OUT_OF_RANGE` if the record would be longer than {@link RECORD_LIMIT}
 *   bytes
 * @throws {TypeError} `ERR_INVALID_ARG_VALUE` if a field is not JSON
 */
export function updatedHead(head: string, fields: OwnerFields): string {
  const before = decodeHead(head);
  return encodeHead({ ...before, ...fields }, before);
}

/** Adds the endpoint to a head that has none. */
export function listeningHead(head: string, bindHost: string, port: number): string {
  return `${head},"bindHost":"${bindHost}","port":${port}`;
}

/**
 * Replaces the process of a head by the process `pid`, which has inherited the lock.
 *
 * @throws {RangeError} `ERR_OUT_OF_RANGE` if `pid` is not a process id
 */
export function handedOverHead(head: string, pid: number): string {
  if (!isPid(pid)) throw outOfRange('pid', 'a process id', pid);
  const before = decodeHead(head);
  return encodeHead(before, { ...before, pid, startTime: processStartToken(pid) });
}

function decodeHead(head: string): OwnerFields & ProcessIdentity {
  return JSON.parse(`${head}}`) as OwnerFields & ProcessIdentity;
}

function encodeHead(fields: OwnerFields, { pid, startTime, bootId, pidNamespace, host }: ProcessIdentity): string {
  const later = { createdAt: undefined, ownerId: undefined, kernelLock: undefined, note: undefined, toJSON: undefined };
  const rest = stringify({ ...fields, startTime, bootId, pidNamespace, host, ...later, pid: undefined });
  // As text, because JavaScript would put a field with the name of an array index before the pid,
  // and a torn record is known by its beginning.
  const head = `{"pid":${pid},${rest.slice(1, -1)}`;
  const bytes = Buffer.byteLength(formatRecord({ head, ...LONGEST_ACQUISITION }));
  if (bytes <= RECORD_LIMIT) return head;
  throw outOfRange('owner', `short enough for a record of ${RECORD_LIMIT} bytes`, `${bytes} bytes`);
}

/** @throws {TypeError} `ERR_INVALID_ARG_VALUE` for a BigInt or a circular object */
function stringify(value: object): string {
  try {
    return JSON.stringify(value);
  } catch (cause) {
    throw Object.assign(new TypeError(`owner must be JSON: ${(cause as Error).message}`, { cause }), {
      code: 'ERR_INVALID_ARG_VALUE',
    });
  }
}

const LONGEST_ACQUISITION = {
  createdAt: '1970-01-01T00:00:00.000Z',
  ownerId: '00000000-0000-0000-0000-000000000000',
};

/** @throws {TypeError} `ERR_INVALID_ARG_TYPE` */
export function checkOwnerFields(value: unknown): OwnerFields | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidType('owner', 'an object', value);
  }
  return value as OwnerFields;
}
