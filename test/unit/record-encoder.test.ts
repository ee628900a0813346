import { hostname } from 'node:os';
import { describe, expect, test } from 'vitest';
import { selfIdentity } from '../../src/lock/process-identity.js';
import {
  checkOwnerFields,
  createRecord,
  handedOverHead,
  listeningHead,
  recordHead,
  recordOf,
  updatedHead,
} from '../../src/lock/record-encoder.js';
import { isLockFile, parseRecord, RECORD_LIMIT } from '../../src/lock/record-parser.js';
import { native } from '../../src/native/load.js';
import { newLine, newRecord } from '../support/records.js';

describe('a new owner record', () => {
  test('a new owner record names this process and has a unique id', () => {
    const [one, two] = [newRecord(), newRecord()];
    expect(one).toMatchObject({ pid: process.pid, host: hostname(), kernelLock: true, port: null });
    expect(Math.abs(Date.parse(one.createdAt!) - Date.now())).toBeLessThan(60_000);
    expect(one.ownerId).toMatch(/^[0-9a-f-]{36}$/);
    expect(one.ownerId).not.toBe(two.ownerId);
  });

  test('a new owner record contains the fields of the caller, except those that would name another holder', () => {
    const lies = { pid: 1, startTime: 1, host: 'elsewhere', bootId: 'b', pidNamespace: '1', kernelLock: false };
    const record = newRecord({ ...lies, createdAt: 'never', ownerId: 'mine', role: 'gateway', port: 18789 });
    expect(record).toMatchObject({ ...selfIdentity(), kernelLock: true, role: 'gateway', port: 18789 });
    expect(record.createdAt).not.toBe('never');
    expect(record.ownerId).not.toBe('mine');
  });
});

describe('the text of an owner record', () => {
  test('the text of an owner record is one line of JSON that begins with the pid and states that the record is only a hint', () => {
    const line = newLine({ text: 'two\nlines' });
    expect(line.indexOf('\n')).toBe(line.length - 1);
    expect(Object.keys(JSON.parse(line))[0]).toBe('pid');
    expect(JSON.parse(line).note).toMatch(/hint.*kernel lock decides.*leftover/i);
  });

  const nested = { role: 'gateway', nested: { list: [1, null, 'ü'] } };
  const lies = { pid: 1, port: 80, startTime: 1, createdAt: 'never', ownerId: 'mine', kernelLock: false, note: 'none' };
  test.each([undefined, {}, nested, lies, { toJSON: () => ({ pid: 1 }) }])(
    'the text of an owner record contains each field once with the owner fields %j',
    (fields) => {
      const line = newLine(fields);
      for (const name of Object.keys(JSON.parse(line))) expect(line.split(`"${name}":`), name).toHaveLength(2);
      expect(parseRecord(line)).toMatchObject(selfIdentity());
    },
  );

  test('the text of an owner record is at most 4096 bytes long, because fields that are too long are refused', () => {
    const room = RECORD_LIMIT - Buffer.byteLength(newLine({ text: '' }));
    expect(Buffer.byteLength(newLine({ text: 'x'.repeat(room) }))).toBe(4096);
    for (const tooLong of ['x'.repeat(room + 1), 'ü'.repeat(room / 2 + 1), '€'.repeat(1366)]) {
      expect(() => recordHead({ text: tooLong })).toThrow(
        expect.objectContaining({ name: 'RangeError', code: 'ERR_OUT_OF_RANGE' }) as Error,
      );
    }
  });
});

describe('an owner record whose fields are changed', () => {
  const before = recordHead({ role: 'gateway', nested: { list: [1] } });
  const record = createRecord(before);
  const ownerOf = (head: string) => recordOf({ ...record, head });

  test('an owner record whose fields are changed keeps the other fields, the holder and the date', () => {
    const lies = { pid: 1, startTime: 1, createdAt: 'never', ownerId: 'mine', toJSON: () => null };
    const after = updatedHead(before, { ...lies, role: 'other', port: 80 });
    expect(ownerOf(after)).toEqual({ ...ownerOf(before), role: 'other', port: 80 });
    expect(updatedHead(after, {})).toBe(after);
    expect(ownerOf(listeningHead(before, '::1', 80))).toEqual(
      ownerOf(updatedHead(before, { bindHost: '::1', port: 80 })),
    );
    expect(() => updatedHead(before, { text: 'x'.repeat(4096) })).toThrow(RangeError);
  });

  test('an owner record whose fields are changed names the process that has inherited the lock, also after a second change', () => {
    const after = handedOverHead(before, process.ppid);
    const startTime = native().processStartToken(process.ppid);
    expect(ownerOf(after)).toEqual({ ...ownerOf(before), pid: process.ppid, startTime });
    expect(ownerOf(updatedHead(after, { port: 80 }))).toEqual({ ...ownerOf(after), port: 80 });
    for (const pid of [0, -1, 1.5, 2 ** 31]) expect(() => handedOverHead(before, pid)).toThrow(RangeError);
  });
});

describe('parseRecord()', () => {
  const complete = newLine({ role: 'gateway' });

  test('returns null for a record that is truncated at any byte', () => {
    for (let length = 0; length < complete.length - 1; length++) {
      expect(parseRecord(complete.slice(0, length)), `${length} bytes`).toBeNull();
    }
    expect(parseRecord(complete.slice(0, -1))?.pid).toBe(process.pid);
  });

  test('reads the first line if the end of a longer, older record follows', () => {
    expect(parseRecord(`${complete}:null,"port":4}\n`)).toEqual(parseRecord(complete));
  });

  test('reads the record of an older gateway, with several lines or without a newline', () => {
    for (const text of [JSON.stringify({ pid: 77 }), JSON.stringify({ pid: 77 }, null, 2)]) {
      expect(parseRecord(text)).toEqual({
        ...{ pid: 77, startTime: null, bootId: null, pidNamespace: null, host: null },
        ...{ createdAt: null, ownerId: null, kernelLock: false, port: null },
      });
    }
  });

  test.each([
    ...['', '\n', '\0'.repeat(4096), 'pid 77', '77', '"77"', 'null', 'true', '[]', '[{"pid":77}]', '{}', '{"pid":77'],
    ...['"77"', '0', '-1', '1.5', '2147483648', '1e999', 'null', 'true', '[77]', '{"pid":77}'].map(
      (pid) => `{"pid":${pid}}`,
    ),
    '['.repeat(4096),
    '{"a":'.repeat(800),
    '\uFEFF{"pid":77}',
  ])('returns null for %j', (text) => {
    expect(parseRecord(text)).toBeNull();
  });

  test('replaces a value of a wrong type by null in each field that this package reads', () => {
    const wrong = { startTime: '1', bootId: 1, pidNamespace: {}, host: [], createdAt: 5, ownerId: null, kernelLock: 1 };
    const record = parseRecord(JSON.stringify({ pid: 2147483647, ...wrong, port: 65536 }));
    expect(record).toEqual({
      ...{ pid: 2147483647, startTime: null, bootId: null, pidNamespace: null, host: null },
      ...{ createdAt: null, ownerId: null, kernelLock: false, port: null },
    });
  });

  test('reads the keeper and the upgrade, and only their declared fields', () => {
    const valid = {
      keeper: { pid: 5, startToken: 6 },
      upgrade: { pid: 7, phase: 'kept', reason: 'timed-out', since: '2026-01-01T00:00:00.000Z' },
    };
    expect(parseRecord(newLine(valid))).toMatchObject(valid);
    const hostile = {
      keeper: { pid: 5, startToken: 'x', more: 1 },
      upgrade: { pid: 7, phase: 'starting', reason: '\x1b[31m\nroot', since: 'yesterday', more: 1 },
    };
    const { keeper, upgrade } = parseRecord(newLine(hostile))!;
    expect(keeper).toEqual({ pid: 5, startToken: 0 });
    expect(upgrade).toEqual({ pid: 7, phase: 'starting', reason: ' [31m root' });
  });

  test.each([
    null,
    5,
    'x',
    [],
    {},
    { pid: 0, phase: 'kept' },
    { pid: 1.5, phase: 'kept' },
    { pid: '7', phase: 'kept' },
  ])('omits a keeper and an upgrade of %j', (value) => {
    const record = parseRecord(newLine({ keeper: value, upgrade: value }))!;
    expect([record.pid, record.keeper, record.upgrade]).toEqual([process.pid, undefined, undefined]);
  });

  test('reads the upgrade of a program that could not be started, which has no pid', () => {
    const upgrade = { pid: null, phase: 'kept', reason: 'exited' };
    expect(parseRecord(newLine({ upgrade }))!.upgrade).toEqual(upgrade);
    expect(parseRecord(newLine({ upgrade: { ...upgrade, phase: 'starting' } }))!.upgrade).toBeUndefined();
  });

  test('omits an upgrade in an unknown phase', () => {
    expect(parseRecord(newLine({ upgrade: { pid: 7, phase: 'other' } }))!.upgrade).toBeUndefined();
  });

  test('parseRecord() does not change the prototype of any object', () => {
    const hostile = '"__proto__":{"hostile":true},"constructor":{"prototype":{"hostile":true}}';
    const record = parseRecord(`{"pid":77,"createdAt":"2026-01-01","configPath":"/a",${hostile}}`);
    expect(record?.pid).toBe(77);
    expect(record?.['hostile']).toBeUndefined();
    expect(({} as Record<string, unknown>)['hostile']).toBeUndefined();
  });
});

describe('isLockFile()', () => {
  const ours = newLine({ role: 'gateway' });
  const contentOf = (text: string) => ({ text, size: Buffer.byteLength(text), hasOtherNames: false });

  test('accepts a record of this package, complete or truncated at any byte, with NULs around the text', () => {
    for (let length = 0; length <= ours.length; length++) {
      for (const text of [ours.slice(0, length), `\0\0${ours.slice(0, length)}`, `${ours.slice(0, length)}\0\0`]) {
        expect(isLockFile(contentOf(text)), `${length} bytes`).toBe(true);
      }
    }
  });

  test.each([
    ['an empty file', ''],
    ['4096 NULs', '\0'.repeat(4096)],
    ['a pid alone', '{"pid":77}'],
    [
      'a record of OpenClaw',
      '{"pid":77,"createdAt":"2026-11-01T00:00:00Z","configPath":"/a","startTime":5,"role":"gateway"}',
    ],
    ['a record of a later OpenClaw', '{"pid":77,"createdAt":"2026-11-01T00:00:00Z","configPath":"/a","another":1}'],
    ['our record before the end of a longer one', `${ours}ole":"gateway"}\n`],
  ])('accepts %s', (_what, text) => {
    expect(isLockFile(contentOf(text))).toBe(true);
  });

  test.each([
    ['4097 NULs', '\0'.repeat(4097)],
    ['a plain pid file', '77\n'],
    ['an object without a pid', '{"name":"myapp"}'],
    ['a line of a log', '{"level":30,"time":1,"pid":77,"hostname":"h","msg":"x"}\n'],
    ['a line of a log that begins with its pid', '{"pid":77,"level":30,"msg":"x"}\n'],
    ['an object with a date', '{"pid":77,"createdAt":"2026-11-01T00:00:00Z","level":30}\n'],
    ['lines of a log', '{"pid":77,"level":30}\n{"pid":77,"level":30}\n'],
    ['a torn line of a log', '{"level":30,"pid":77,"ms'],
    ['an array', '[{"pid":77}]'],
    ['a pid that no process can have', '{"pid":99999999999}'],
    ['text', 'x'.repeat(100)],
    ['a record longer than 4096 bytes', `${ours}${' '.repeat(4096)}`],
  ])('refuses %s', (_what, text) => {
    expect(isLockFile(contentOf(text))).toBe(false);
  });
});

test.each([null, 'text', 5, [], () => {}])('checkOwnerFields() refuses %j, which is not an object', (value) => {
  expect(() => checkOwnerFields(value)).toThrow(
    expect.objectContaining({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' }) as Error,
  );
});
