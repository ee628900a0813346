// Encodes the owner record, the line of JSON in a lock file that names the holder.
//
// Optimisations, by the figure in docs/performance.md that they improve:
// - `cycle`: encoding the head only once, and the date at most once per millisecond, saves 10 of 60
//   us.
// - `gateway`: appending the endpoint as text saves 10 of 87 us for start and close in /dev/shm.
// - `rss_per_lock`: joining the parts of an id into a single string saves 260 bytes per lock.
// - `release_handoff`: a waiter warms up the code of this file (see waiter.ts).
import { invalidType, outOfRange } from '../arguments.js';
import type { OwnerRecord } from '../errors.js';
import { loadCrypto } from '../native/builtins.js';
import { type ProcessIdentity, processStartToken, selfIdentity } from './process-identity.js';
import { isPid, parseRecord, RECORD_LIMIT } from './record-parser.js';

/**
 * A note for people who open the lock file, because users are often told to delete lock files
 * (openclaw#138833).
 */
const NOTE = '"note":"Only a hint: the kernel lock decides. A leftover of this file blocks nothing."';

/**
 * Fields that the caller adds to the owner record. The values must be encodable as JSON.
 *
 * @example
 * const owner: OwnerFields = { task: 'report', attempt: 2 };
 * tryAcquireLock('job.lock', { owner })?.release();
 */
export type OwnerFields = Readonly<Record<string, unknown>>;

/**
 * The owner record of a lock that this process holds, kept as text because it rarely has to be
 * parsed (see {@link recordOf}).
 */
export interface OwnRecord {
  /**
   * The first part of the JSON text: the identity of the holder and the caller's fields. Locks with
   * equal fields can share a head.
   */
  readonly head: string;
  readonly createdAt: string;
  /** The unique id of the acquisition. */
  readonly ownerId: string;
}

/** Creates the record of a new acquisition. `head` is a result of {@link recordHead}. */
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
  // Makes V8 join the 20 parts of the id into a single string.
  id.charCodeAt(0);
  return id;
}

/**
 * Warms up node:crypto, JSON and the regular expressions with a throw-away record, and returns its
 * text. Runs twice, because V8 compiles a regular expression on its second use.
 */
export function warmUpRecord(): string {
  const record = createRecord(recordHead());
  for (let time = 0; time < 2; time++) recordOf(record);
  return formatRecord(record);
}

let plainHead: string | undefined;

/**
 * Encodes the {@link OwnRecord.head} of this process. The caller's fields cannot override the
 * process identity.
 *
 * @throws {RangeError} `ERR_OUT_OF_RANGE` if the record would be longer than {@link RECORD_LIMIT}
 *   bytes
 * @throws {TypeError} `ERR_INVALID_ARG_VALUE` if a field cannot be encoded as JSON
 */
export function recordHead(fields?: OwnerFields): string {
  if (fields !== undefined) return encodeHead(fields, selfIdentity());
  plainHead ??= encodeHead({}, selfIdentity());
  return plainHead;
}

/** Returns the record as the text that is written to the lock file. */
export function formatRecord({ head, createdAt, ownerId }: OwnRecord): string {
  return `${head},"createdAt":"${createdAt}","ownerId":"${ownerId}","kernelLock":true,${NOTE}}\n`;
}

/** Parses the text of the record, so that the object shares nothing with the caller's fields. */
export function recordOf(record: OwnRecord): OwnerRecord {
  return parseRecord(formatRecord(record))!;
}

/**
 * Adds or replaces fields of a head, except the process identity.
 *
 * @throws {RangeError} `ERR_OUT_OF_RANGE` if the record would be longer than {@link RECORD_LIMIT}
 *   bytes
 * @throws {TypeError} `ERR_INVALID_ARG_VALUE` if a field cannot be encoded as JSON
 */
export function updatedHead(head: string, fields: OwnerFields): string {
  const before = decodeHead(head);
  return encodeHead({ ...before, ...fields }, before);
}

/**
 * Returns the record in a lock file, whose head {@link updatedHead} can change. Returns null if the
 * text is not a record of this package.
 */
export function ownRecordOf(text: string): OwnRecord | null {
  const owner = parseRecord(text);
  if (owner?.createdAt == null || owner.ownerId === null || !owner.kernelLock) return null;
  const fields = { ...owner, port: owner.port ?? undefined };
  return { head: encodeHead(fields, owner), createdAt: owner.createdAt, ownerId: owner.ownerId };
}

/** Adds an endpoint to a head that has no endpoint yet. */
export function listeningHead(head: string, bindHost: string, port: number): string {
  return `${head},"bindHost":"${bindHost}","port":${port}`;
}

/**
 * Replaces the process in a head with the process `pid`, which has inherited the lock.
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
  // Adds `pid` as text, because a torn record is recognised by its beginning, `{"pid":`. In an
  // object, JavaScript would put fields whose names are array indexes before `pid`.
  const head = `{"pid":${pid},${rest.slice(1, -1)}`;
  const bytes = Buffer.byteLength(formatRecord({ head, ...LONGEST_ACQUISITION }));
  if (bytes <= RECORD_LIMIT) return head;
  throw outOfRange('owner', `short enough for a record of ${RECORD_LIMIT} bytes`, `${bytes} bytes`);
}

/** @throws {TypeError} `ERR_INVALID_ARG_VALUE` if the value contains a BigInt or is circular */
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
