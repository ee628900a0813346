// The one JSON line in a lock file that names its holder. Written strictly, read tolerantly: a torn,
// empty or hostile record is simply no record.
import { hostname } from 'node:os';
import { invalidType, outOfRange } from '../arguments.js';
import type { OwnerRecord } from '../errors.js';
import { native } from '../native/load.js';

/** Bytes; one page, so that a single write carries it (native/os/file_lock.h). */
export const RECORD_LIMIT = 4096;

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
    startTime: startTimeOf(process.pid),
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
export function rehearseRecord(): void {
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

function startTimeOf(pid: number): number | null {
  const startTime = native().startTimeOf(pid);
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

/**
 * The same for one who listens now and whose record named neither. As text, because objects took a tenth of what the start of a gateway
 * takes. The port stands behind the pid, so that nothing before it can look like it; an address has nothing to be escaped.
 */
export function listeningHead(head: RecordHead, bindHost: string, port: number): RecordHead {
  return `${head.replace('"port":null', `"port":${port}`)},"bindHost":"${bindHost}"`;
}

/** Of the process `pid`, which has inherited the lock. @throws {RangeError} `ERR_OUT_OF_RANGE` */
export function handedOverHead(head: RecordHead, pid: number): RecordHead {
  if (!isPid(pid)) throw outOfRange('pid', 'a process id', pid);
  const before = readHead(head);
  return encodeHead(before, { ...before, pid, startTime: startTimeOf(pid) });
}

function readHead(head: RecordHead): OwnerFields & Identity {
  return JSON.parse(`${head}}`) as OwnerFields & Identity;
}

function encodeHead(fields: OwnerFields, { pid, startTime, bootId, pidNamespace, host }: Identity): RecordHead {
  const later = { createdAt: undefined, ownerId: undefined, kernelLock: undefined, note: undefined, toJSON: undefined };
  // Partial, so that `pid` may stand twice: first in the file, where people and `head -c` look.
  const identity: Partial<Identity> = { pid, startTime, bootId, pidNamespace, host };
  const head = JSON.stringify({ pid, port: null, ...fields, ...identity, ...later }).slice(0, -1);
  const bytes = Buffer.byteLength(formatRecord({ head, acquisition: LONGEST }));
  if (bytes <= RECORD_LIMIT) return head;
  throw outOfRange('owner', `short enough for a record of ${RECORD_LIMIT} bytes`, `${bytes} bytes`);
}

const LONGEST: Acquisition = {
  createdAt: '1970-01-01T00:00:00.000Z',
  ownerId: '00000000-0000-0000-0000-000000000000',
};

/** null when the text names no owner. */
export function parseRecord(text: string): OwnerRecord | null {
  const end = text.indexOf('\n');
  // The first line alone: a holder that was killed between write and truncate leaves the end of an
  // older record behind it. Older gateways wrote no newline, or several lines.
  const value = (end >= 0 ? parseObject(text.slice(0, end)) : null) ?? parseObject(text);
  if (value === null || !isPid(value['pid'])) return null;
  // In place, because it is nobody else's: a copy took half as long as JSON.parse(). Not for people to read, the last there is.
  delete value['note'];
  value['startTime'] = finiteNumber(value['startTime']);
  value['bootId'] = stringOrNull(value['bootId']);
  value['pidNamespace'] = stringOrNull(value['pidNamespace']);
  value['host'] = stringOrNull(value['host'])?.replace(CONTROL_CHARACTERS, '') ?? null;
  value['createdAt'] = dateOrNull(value['createdAt']);
  value['ownerId'] = stringOrNull(value['ownerId']);
  value['kernelLock'] = value['kernelLock'] === true;
  value['port'] = isPort(value['port']) ? value['port'] : null;
  return value as unknown as OwnerRecord;
}

export function checkOwnerFields(value: unknown): OwnerFields | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidType('owner', 'an object', value);
  }
  return value as OwnerFields;
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

function isPid(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= 0x7fffffff;
}

function isPort(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= 65535;
}

function finiteNumber(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

const OUR_DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

// What is shown to people must not carry a hostile record's escape sequences to their terminal.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is meant
const CONTROL_CHARACTERS = /[\x00-\x1f\x7f-\x9f]/g;

/** Written anew, for the same reason, unless it is just as we would write it. */
function dateOrNull(value: unknown): string | null {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(time)) return null;
  return OUR_DATE.test(value as string) ? (value as string) : new Date(time).toISOString();
}

function stringOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
