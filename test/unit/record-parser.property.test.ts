import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isLockFile, parseRecord } from '../../src/lock/record-parser.js';
import { printable } from '../../src/printable.js';
import { newLine, newRecord } from '../support/records.js';

/** Fields whose value the encoder or the parser decides. */
const OWN_FIELDS = new Set(
  ['pid', 'startTime', 'bootId', 'pidNamespace', 'host', 'createdAt'].concat([
    'ownerId',
    'kernelLock',
    'note',
    'port',
    'toJSON',
    'keeper',
    'upgrade',
  ]),
);

const anyKey = fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'prototype', ...OWN_FIELDS));
const hostileText = fc.constantFrom('\x1b[31m', '\u202e', '\n', 'a\x9b', '\0', 'plain');
/** Small enough for a record of 4096 bytes, most of the time. */
const anyFields = fc
  .array(fc.tuple(anyKey, fc.oneof(hostileText, fc.jsonValue({ maxDepth: 2 }))), { maxLength: 6 })
  // An assignment to __proto__ would create no field.
  .map((entries) => Object.fromEntries(entries));

const PHASES = ['starting', 'draining', 'kept'];
const anyPhase = fc.oneof(fc.constantFrom(...PHASES), fc.string());

/** The text of a lock file as the addon returns it: bytes decoded as UTF-8. */
const anyBytes = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('utf8'));
const anyJson = fc
  .record({ pid: fc.oneof(fc.nat(), fc.jsonValue()), kernelLock: fc.oneof(fc.constant(true), fc.jsonValue()) })
  .chain((head) =>
    anyFields.map((fields) => JSON.stringify(Object.fromEntries([...Object.entries(head), ...Object.entries(fields)]))),
  );
const anyContent = fc.oneof(
  anyBytes,
  anyJson,
  fc.tuple(anyJson, anyBytes).map(([line, rest]) => `${line}\n${rest}`),
);

/** Returns the line of a record with these fields, or null if they are too long for a record. */
function lineOf(fields: Record<string, unknown>): string | null {
  try {
    return newLine(fields);
  } catch {
    return null;
  }
}

describe('the parser of records', () => {
  test('returns null or a record with fields of the declared types, whatever the file contains', () => {
    fc.assert(
      fc.property(anyContent, (text) => {
        const record = parseRecord(text);
        if (record === null) return;
        expect(Number.isInteger(record.pid) && record.pid > 0 && record.pid <= 0x7fffffff).toBe(true);
        expect(typeof record.kernelLock).toBe('boolean');
        for (const value of [record.startTime, record.port])
          expect(value === null || Number.isFinite(value)).toBe(true);
        for (const value of [record.createdAt, record.host, record.bootId, record.pidNamespace, record.ownerId]) {
          expect(value === null || printable(value) === value).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('returns a keeper and an upgrade with fields of the declared types, or none', () => {
    const value = fc.oneof(
      fc.jsonValue(),
      fc.record({ pid: fc.integer(), startToken: fc.jsonValue(), phase: anyPhase }),
    );
    fc.assert(
      fc.property(value, (any) => {
        const { keeper, upgrade } = parseRecord(newLine({ keeper: any, upgrade: any }))!;
        if (keeper !== undefined) expect(keeper.pid > 0 && Number.isFinite(keeper.startToken)).toBe(true);
        if (upgrade === undefined) return;
        expect(upgrade.pid === null ? upgrade.phase === 'kept' : upgrade.pid > 0).toBe(true);
        expect(PHASES).toContain(upgrade.phase);
      }),
      { numRuns: 500 },
    );
  });

  test('changes no prototype', () => {
    fc.assert(
      fc.property(anyContent, (text) => {
        const record = parseRecord(text);
        expect(Object.getPrototypeOf({})).toBe(Object.prototype);
        expect(Object.keys(Object.prototype)).toEqual([]);
        if (record !== null) expect(Object.getPrototypeOf(record)).toBe(Object.prototype);
      }),
    );
  });

  test('decides for any content whether it is a lock file, and never refuses what it parses', () => {
    fc.assert(
      fc.property(anyContent, (text) => {
        const size = Buffer.byteLength(text);
        const ours = isLockFile({ text, size, hasOtherNames: false });
        if (parseRecord(text) !== null && size <= 4096) expect(ours).toBe(true);
      }),
    );
  });

  test('returns the fields that were encoded', () => {
    fc.assert(
      fc.property(anyFields, (fields) => {
        const line = lineOf(fields);
        if (line === null) return;
        const record = parseRecord(line)!;
        for (const [name, value] of Object.entries(fields)) {
          if (!OWN_FIELDS.has(name))
            expect(JSON.stringify(Object.entries(record).find(([key]) => key === name)?.[1])).toBe(
              JSON.stringify(value),
            );
        }
        expect(record).toMatchObject({ pid: process.pid, kernelLock: true });
      }),
      { numRuns: 500 },
    );
  });

  test('names no other process if the record is cut at any byte', () => {
    fc.assert(
      fc.property(anyFields, fc.nat(), (fields, cut) => {
        const line = lineOf(fields);
        if (line === null) return;
        const bytes = Buffer.from(line);
        const torn = bytes.subarray(0, cut % bytes.length).toString('utf8');
        expect([undefined, process.pid]).toContain(parseRecord(torn)?.pid);
        expect(isLockFile({ text: torn, size: Buffer.byteLength(torn), hasOtherNames: false })).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('names the process of the first line if the end of an older record follows', () => {
    fc.assert(
      fc.property(anyFields, anyFields, fc.integer({ min: 1, max: 0x7fffffff }), (fields, older, pid) => {
        const [line, olderLine] = [lineOf(fields), lineOf(older)];
        if (line === null || olderLine === null) return;
        const rest = olderLine.replace(`{"pid":${process.pid}`, `{"pid":${pid}`).slice(line.length);
        expect(parseRecord(line + rest)?.pid).toBe(newRecord().pid);
      }),
      { numRuns: 500 },
    );
  });
});
