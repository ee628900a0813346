import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { statusJson, statusLines } from '../../src/cli/commands/status/status-report.js';
import { jsonText } from '../../src/cli/json-output.js';
import { errorLine } from '../../src/cli/output.js';
import { holderEndpoint } from '../../src/gateway/holder-endpoint.js';
import type { ListedLock } from '../../src/index.js';
import { parseRecord } from '../../src/lock/record-parser.js';
import { printable } from '../../src/printable.js';

const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom('\x1b[2J', '\x9b31m', '\u202e', '\u2066', '\n', '\r', '\u2028', '\x07', '\0'),
      fc.string({ unit: 'grapheme' }),
    ),
    {
      maxLength: 4,
    },
  )
  .map((parts) => parts.join(''));
const nullable = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });

/** The record of a hostile process: the shape is right, and every text is hostile. */
const owner = fc
  .record({
    pid: fc.integer({ min: 1, max: 0x7fffffff }),
    startTime: fc.oneof(fc.nat(), hostile),
    ...{ createdAt: fc.oneof(hostile, fc.constantFrom('2026-01-01', '1e3', 'Sat, 01 Jan 2000 (\x1b[31m)')) },
    ...{ host: hostile, bootId: hostile, pidNamespace: hostile, ownerId: hostile, role: hostile, app: hostile },
    port: fc.oneof(fc.nat(70_000), hostile),
    bindHost: fc.oneof(
      hostile,
      hostile.map((text) => `fe80::1%${text}`),
      fc.constantFrom('127.0.0.1', '::1', 'localhost'),
    ),
    kernelLock: fc.constant(true),
  })
  .map((fields) => parseRecord(`${JSON.stringify(fields)}\n`)!);

/** A lock as listLocks() returns it. */
const listed = fc
  .record({
    path: hostile.map((text) => `/locks/${text}.lock`),
    state: fc.constantFrom('held', 'leftover', 'free', 'missing', 'unreadable'),
    heldBy: fc.constantFrom('exclusive', 'shared', 'record', null),
    owner: nullable(owner),
    ownerAlive: fc.constantFrom(true, false, null),
    command: nullable(fc.array(hostile, { maxLength: 3 })),
    listening: fc.constantFrom(true, false, null),
    health: nullable(fc.record({ healthy: fc.boolean(), reason: nullable(hostile), status: nullable(fc.nat()) })),
    cause: nullable(hostile.map((text) => Object.assign(new Error(text), { code: 'EACCES' }))),
  })
  .map((lock) => {
    const known = lock.owner === null || lock.owner.port === null ? null : lock.owner;
    const endpoint = holderEndpoint({ owner: known, ownerAlive: lock.ownerAlive, host: '127.0.0.1', port: 1 });
    return { ...lock, ...(known === null ? { host: null, port: null } : endpoint) } as ListedLock;
  });

const page = fc.record({
  columns: fc.constantFrom(20, 80, 200, Number.POSITIVE_INFINITY),
  nowMs: fc.constant(Date.parse('2026-11-22T10:00:00Z')),
  paint: fc.constant((_style: unknown, text: string) => text),
});

describe('the output of status has no escape sequence, no line break and no mark that reorders text', () => {
  test('for people, whatever records, paths and command lines contain', () => {
    fc.assert(
      fc.property(
        fc.array(listed, { maxLength: 4 }),
        fc.array(hostile, { minLength: 1, maxLength: 2 }),
        page,
        (locks, searched, shown) => {
          for (const line of statusLines(locks, searched, shown)) expect(printable(line)).toBe(line);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('for programs, apart from the line feeds of the JSON', () => {
    fc.assert(
      fc.property(fc.array(listed, { maxLength: 4 }), (locks) => {
        const text = jsonText(statusJson(locks));
        expect(printable(text.replaceAll('\n', ''))).toBe(text.replaceAll('\n', ''));
        expect(JSON.parse(text).locks).toHaveLength(locks.length);
      }),
      { numRuns: 300 },
    );
  });

  test('of an error line, whatever the message and the hint contain', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const line = errorLine(new Error(text));
        expect(printable(line)).toBe(line);
      }),
    );
  });
});
