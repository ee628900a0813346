// The one JSON line in a lock file that names its holder: who we are, and how a record is written.
import { hostname } from 'node:os';
import { invalidType, outOfRange } from '../arguments.js';
import type { OwnerRecord } from '../errors.js';
import { native } from '../native/load.js';
import { isPid, parseRecord, RECORD_LIMIT } from './record-parser.js';

/** Said in the file itself, because "delete the lock file" is folk advice (openclaw#138833). */
const NOTE = '"note":"Only a hint: the kernel lock decides. A leftover of this file blocks nothing."';

export type OwnerFields = Readonly<Record<string, unknown>>;

interface Identity {
  readonly pid: number;
  readonly startTime: number | null;
  readonly bootId: string | null;
  readonly pidNamespace: string | null;
  readonly host: string;
}

let ownIdentity: Identity | undefined;

/** This process, as its records name it. */
export function selfIdentity(): Identity {
  ownIdentity ??= {
    pid: process.pid,
    startTime: processStartToken(process.pid),
    bootId: native().bootId() || null,
    pidNamespace: native().pidNamespace() || null,
    host: hostname(),
  };
  return ownIdentity;
}

/** What tells one acquisition from another. */
export interface Acquisition {
  readonly createdAt: string;
  readonly ownerId: string;
}

export function newAcquisition(): Acquisition {
  return { createdAt: currentTime(), ownerId: randomId() };
}

let lastTime = { ms: Number.NaN, text: '' };

/** Kept for a millisecond, in which ten locks are taken: writing a date takes V8 a tenth of what a lock takes. */
function currentTime(): string {
  const ms = Date.now();
  if (ms !== lastTime.ms) lastTime = { ms, text: new Date(ms).toISOString() };
  return lastTime.text;
}

let randomUUID: (() => string) | undefined;

/**
 * Writes and reads a record that nobody sees. The first one loads node:crypto (2 to 3 ms, and therefore not imported), draws
 * 2 KiB of random bytes, and has V8 compile what it is made by; its regular expressions V8 compiles the second time.
 */
export function warmUpRecord(): void {
  const head = recordHead();
  for (let time = 0; time < 2; time++) recordOf({ head, acquisition: newAcquisition() });
}

function randomId(): string {
  randomUUID ??= process.getBuiltinModule('node:crypto').randomUUID;
  const id = randomUUID();
  // Makes V8 join the 20 parts that it was added up from, which would stay with the lock: 260 bytes.
  id.charCodeAt(0);
  return id;
}

function processStartToken(pid: number): number | null {
  const startTime = native().processStartToken(pid);
  return startTime > 0 ? startTime : null;
}

/** The record of a lock of ours, as text: the object that {@link recordOf} makes of it, mostly nobody asks for. */
export interface OwnRecord {
  readonly head: RecordHead;
  readonly acquisition: Acquisition;
}

/**
 * What all records with the same fields begin with: who we are, which what the caller adds cannot change. Encoded once: for most
 * locks, once in a process.
 */
export type RecordHead = string;

let plainHead: RecordHead | undefined;

/** @throws {RangeError} `ERR_OUT_OF_RANGE` when the record would be longer than {@link RECORD_LIMIT} */
export function recordHead(fields?: OwnerFields): RecordHead {
  if (fields !== undefined) return encodeHead(fields, selfIdentity());
  plainHead ??= encodeHead({}, selfIdentity());
  return plainHead;
}

export function formatRecord({ head, acquisition: { createdAt, ownerId } }: OwnRecord): string {
  return `${head},"createdAt":"${createdAt}","ownerId":"${ownerId}","kernelLock":true,${NOTE}}\n`;
}

/** As it stands in the file, whatever became of the objects that the caller gave. */
export function recordOf(record: OwnRecord): OwnerRecord {
  return parseRecord(formatRecord(record))!;
}

/** Of the same process. @throws what {@link recordHead} throws */
export function updatedHead(head: RecordHead, fields: OwnerFields): RecordHead {
  const before = readHead(head);
  return encodeHead({ ...before, ...fields }, before);
}

/** Adds the endpoint to a head that names none. As text: decoding and encoding it would add 10 % to the start of a gateway. */
export function listeningHead(head: RecordHead, bindHost: string, port: number): RecordHead {
  return `${head},"bindHost":"${bindHost}","port":${port}`;
}

/** Of the process `pid`, which has inherited the lock. @throws {RangeError} `ERR_OUT_OF_RANGE` */
export function handedOverHead(head: RecordHead, pid: number): RecordHead {
  if (!isPid(pid)) throw outOfRange('pid', 'a process id', pid);
  const before = readHead(head);
  return encodeHead(before, { ...before, pid, startTime: processStartToken(pid) });
}

function readHead(head: RecordHead): OwnerFields & Identity {
  return JSON.parse(`${head}}`) as OwnerFields & Identity;
}

function encodeHead(fields: OwnerFields, { pid, startTime, bootId, pidNamespace, host }: Identity): RecordHead {
  const later = { createdAt: undefined, ownerId: undefined, kernelLock: undefined, note: undefined, toJSON: undefined };
  // Partial, so that `pid` may stand twice: first in the file, where people and `head -c` look.
  const identity: Partial<Identity> = { pid, startTime, bootId, pidNamespace, host };
  const head = stringify({ pid, ...fields, ...identity, ...later }).slice(0, -1);
  const bytes = Buffer.byteLength(formatRecord({ head, acquisition: LONGEST }));
  if (bytes <= RECORD_LIMIT) return head;
  throw outOfRange('owner', `short enough for a record of ${RECORD_LIMIT} bytes`, `${bytes} bytes`);
}

/** @throws {TypeError} `ERR_INVALID_ARG_VALUE` for what is no JSON: a BigInt, a circle */
function stringify(value: object): string {
  try {
    return JSON.stringify(value);
  } catch (cause) {
    throw Object.assign(new TypeError(`owner must be JSON: ${(cause as Error).message}`, { cause }), {
      code: 'ERR_INVALID_ARG_VALUE',
    });
  }
}

const LONGEST: Acquisition = {
  createdAt: '1970-01-01T00:00:00.000Z',
  ownerId: '00000000-0000-0000-0000-000000000000',
};

export function checkOwnerFields(value: unknown): OwnerFields | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidType('owner', 'an object', value);
  }
  return value as OwnerFields;
}
