// Parses the content of a lock file. A torn, empty or hostile record does not name an owner.
import type { KeeperReference, OwnerRecord, UpgradeState } from '../errors.js';
import type { LockFileContent } from '../native/binding.js';
import { printable } from '../printable.js';

/**
 * The maximum length of a record in bytes: one page, so that a single write is enough
 * (native/os/file_lock.h).
 */
export const RECORD_LIMIT = 4096;

/** The possible keys in records of OpenClaw (2026.9.6) and this package. */
const KNOWN_KEYS = new Set(
  ['pid', 'createdAt', 'configPath', 'startTime', 'port', 'role', 'stateDir', 'ownerId'].concat([
    'app',
    'bindHost',
    'bootId',
    'host',
    'keeper',
    'kernelLock',
    'note',
    'pidNamespace',
    'upgrade',
  ]),
);

/** The first bytes of every record of this package. */
const OPENING = '{"pid":';
const TORN = /^\{"pid":\d{1,10}(?:,(?:"[^\n\0]*)?)?\n?$/;

/**
 * Returns true if the file is empty or contains only NUL bytes, as some do after a power failure.
 */
export function isBlank({ text, size }: LockFileContent): boolean {
  return size <= RECORD_LIMIT && bodyOf(text) === '';
}

/**
 * Returns true if the content is that of a lock file: blank, a record of this package or of an
 * older gateway, or the torn beginning of a record of this package. Anything after the first line
 * of a record of this package is ignored: it is the end of an older record, which remains if the
 * next holder is killed before it truncates the file. `owner` is the result of {@link parseRecord}
 * for the content.
 */
export function isLockFile(content: LockFileContent, owner = parseRecord(content.text)): boolean {
  return content.size <= RECORD_LIMIT && (owner !== null || isBlank(content) || isTorn(bodyOf(content.text)));
}

/** Returns null if the text is not an owner record. */
export function parseRecord(text: string): OwnerRecord | null {
  const value = parseBody(bodyOf(text));
  return value === null ? null : normalize(value);
}

function bodyOf(text: string): string {
  return text.startsWith('\0') || text.endsWith('\0') ? text.replace(NULS_AROUND, '') : text;
}

/** NUL bytes at either end of the text, which may be left by a power failure. */
const NULS_AROUND = /^\0+|\0+$/g;

type Fields = Record<string, unknown>;

function parseBody(body: string): Fields | null {
  const end = body.indexOf('\n');
  const line = end >= 0 ? parseObject(body.slice(0, end)) : null;
  if (line !== null && isOurs(line)) return line;
  const whole = parseObject(body);
  return whole !== null && (isOurs(whole) || isOlder(whole)) ? whole : null;
}

function isOurs(value: Fields): boolean {
  return isPid(value['pid']) && value['kernelLock'] === true;
}

/**
 * Returns true for a record of an older gateway. A pid is not enough, because log lines contain
 * pids too. The object must contain the keys that OpenClaw has always written, or only known keys.
 */
function isOlder(value: Fields): boolean {
  if (!isPid(value['pid'])) return false;
  const fromOpenClaw = isDate(value['createdAt']) && typeof value['configPath'] === 'string';
  return fromOpenClaw || Object.keys(value).every((key) => KNOWN_KEYS.has(key));
}

function isTorn(body: string): boolean {
  return OPENING.startsWith(body) || (TORN.test(body) && parseObject(body) === null);
}

/**
 * Replaces invalid fields with null, in place, because a copy would take half as long as
 * JSON.parse().
 */
function normalize(value: Fields): OwnerRecord {
  delete value['note'];
  value['startTime'] = finiteNumber(value['startTime']);
  value['bootId'] = printableOrNull(value['bootId']);
  value['pidNamespace'] = printableOrNull(value['pidNamespace']);
  value['host'] = printableOrNull(value['host']);
  value['createdAt'] = dateOrNull(value['createdAt']);
  value['ownerId'] = printableOrNull(value['ownerId']);
  value['kernelLock'] = value['kernelLock'] === true;
  value['port'] = isPort(value['port']) ? value['port'] : null;
  if ('keeper' in value) replace(value, 'keeper', keeperOf(value['keeper']));
  if ('upgrade' in value) replace(value, 'upgrade', upgradeOf(value['upgrade']));
  return value as unknown as OwnerRecord;
}

/** Removes the field if there is no valid value. */
function replace(value: Fields, field: string, valid: object | null): void {
  if (valid === null) delete value[field];
  else value[field] = valid;
}

function keeperOf(value: unknown): KeeperReference | null {
  const { pid, startToken, reloadSignal } = fieldsOf(value);
  if (!isPid(pid)) return null;
  const keeper = { pid, startToken: finiteNumber(startToken) ?? 0 };
  return typeof reloadSignal === 'string' ? { ...keeper, reloadSignal: printable(reloadSignal) } : keeper;
}

const PHASES: readonly unknown[] = ['starting', 'draining', 'kept'] satisfies UpgradeState['phase'][];

function upgradeOf(value: unknown): UpgradeState | null {
  const { pid, phase, reason, since } = fieldsOf(value);
  if (!(isPid(pid) || (pid === null && phase === 'kept')) || !PHASES.includes(phase)) return null;
  const date = dateOrNull(since);
  return {
    pid,
    phase: phase as UpgradeState['phase'],
    ...(typeof reason === 'string' ? { reason: printable(reason) } : {}),
    ...(date === null ? {} : { since: date }),
  };
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function parseObject(text: string): Fields | null {
  if (!text.trimStart().startsWith('{')) return null;
  try {
    return JSON.parse(text) as Fields;
  } catch {
    return null;
  }
}

export function isPid(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= 0x7fffffff;
}

function isPort(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= 65535;
}

function isDate(value: unknown): boolean {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value));
}

function finiteNumber(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

const OUR_DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** Reformats the date, because a date in another format can contain escape sequences. */
function dateOrNull(value: unknown): string | null {
  if (!isDate(value)) return null;
  return OUR_DATE.test(value as string) ? (value as string) : new Date(value as string).toISOString();
}

/**
 * Replaces escape sequences and bidirectional overrides, with which a hostile record could
 * manipulate a terminal.
 */
function printableOrNull(value: unknown): string | null {
  return typeof value === 'string' ? printable(value) : null;
}
