import { describe, expect, test } from 'vitest';
import {
  ageText,
  commandCell,
  healthCell,
  holderCell,
  portCell,
  stateCell,
} from '../../src/cli/commands/status/lock-cells.js';
import { lockTable } from '../../src/cli/commands/status/lock-table.js';
import { fitting } from '../../src/cli/commands/status/watch.js';
import type { ListedLock } from '../../src/index.js';

const HOUR = 3_600_000;
const FREE: ListedLock = {
  path: '/state/tmp/gateway-1/gateway.state.lock',
  state: 'free',
  heldBy: null,
  owner: null,
  ownerAlive: null,
  command: null,
  host: null,
  port: null,
  listening: null,
  health: null,
  cause: null,
};
const owner = { pid: 7, host: 'far\x1b[31maway', createdAt: '2026-11-22T10:00:00.000Z' } as ListedLock['owner'];
const HELD: ListedLock = {
  ...FREE,
  state: 'held',
  heldBy: 'exclusive',
  owner,
  ownerAlive: true,
  command: ['node', 'x.js'],
};

test.each([
  [0, '0 s'],
  [99_999, '99 s'],
  [100_000, '1 min'],
  [99.9 * 60_000, '99 min'],
  [100 * 60_000, '1 h'],
  [47.9 * HOUR, '47 h'],
  [48 * HOUR, '2 days'],
  [-1, 'in the future'],
])('ageText() shows an age of %d ms as %j', (ms, text) => {
  expect(ageText(ms)).toBe(text);
});

describe('a cell of the table that gateway-lock status prints', () => {
  test('a cell of the table that gateway-lock status prints shows how a lock is held, or that the lock file is a leftover', () => {
    expect(stateCell(HELD).text).toBe('held');
    expect(stateCell({ ...HELD, heldBy: 'shared' }).text).toBe('held shared');
    expect(stateCell({ ...HELD, heldBy: 'record' })).toEqual({ text: 'held by record', style: 'yellow' });
    expect(stateCell({ ...FREE, state: 'leftover' }).text).toBe('leftover');
  });

  test('a cell of the table that gateway-lock status prints marks the pid of a holder that is dead or runs on another host', () => {
    expect(holderCell(HELD).text).toBe('7');
    expect(holderCell({ ...HELD, ownerAlive: false }).text).toBe('7 (gone)');
    expect(holderCell({ ...HELD, ownerAlive: null }).text).toBe('7 (on far [31maway)');
  });

  test('a cell of the table that gateway-lock status prints shows an IPv6 address in brackets and omits 127.0.0.1', () => {
    expect(portCell({ ...HELD, host: '127.0.0.1', port: 80 }).text).toBe('80');
    expect(portCell({ ...HELD, host: '::1', port: 80 }).text).toBe('[::1]:80');
  });

  test('distinguishes a gateway that is not listening, unhealthy or healthy', () => {
    expect(healthCell({ ...HELD, listening: false }).text).toBe('not listening');
    const health = { healthy: false, reason: 'status 404 is not 200', status: 404 };
    expect(healthCell({ ...HELD, listening: true, health })).toEqual({
      text: 'unhealthy: status 404 is not 200',
      style: 'red',
    });
    expect(healthCell({ ...HELD, listening: true, health: { ...health, healthy: true } }).text).toBe('healthy');
  });

  test('quotes special words of a command line and removes control characters', () => {
    expect(commandCell({ ...HELD, command: ['node', 'a b', '\x1b]0;owned\x07'] }).text).toBe("node 'a b' ' ]0;owned '");
  });
});

describe('the table that gateway-lock status prints', () => {
  const page = { nowMs: Date.parse('2026-11-22T10:00:05.000Z'), paint: (_: unknown, text: string) => text };
  const locks = [HELD, { ...HELD, path: '/state/tmp/gateway-1/gateway.12345678.lock' }, { ...FREE, path: '/b/c.lock' }];

  test('the table that gateway-lock status prints shows each directory once, above its locks', () => {
    const lines = lockTable(locks, { ...page, columns: Number.POSITIVE_INFINITY });
    expect(lines.filter((line) => line === '/state/tmp/gateway-1:')).toHaveLength(1);
    expect(lines).toHaveLength(6);
    expect(lines[2]).toMatch(/^gateway\.state\.lock +held +7 +2026-11-2\d \d\d:\d\d:05|\(5 s\) +node x\.js$/);
  });

  test('shortens only the column of the command to fit the width of the terminal', () => {
    const command = ['node', 'x'.repeat(100)];
    const lines = lockTable([{ ...HELD, command }], { ...page, columns: 100 });
    expect(Math.max(...lines.map((line) => line.length))).toBe(100);
    expect(lines[2]).toMatch(/node x+\.\.\.$/);
  });

  test('the table that gateway-lock status prints becomes one block of lines for each lock if the terminal is narrower than the table', () => {
    const lines = lockTable(locks, { ...page, columns: 60 });
    expect(lines).toContain('/state/tmp/gateway-1/gateway.12345678.lock');
    expect(lines).toContain('  command  node x.js');
    expect(lines.some((line) => line.startsWith('LOCK'))).toBe(false);
  });
});

test('fitting() replaces the lines that do not fit on the screen by the number of omitted lines', () => {
  expect(fitting(['a', 'b', 'c'], 4)).toEqual(['a', 'b', 'c']);
  expect(fitting(['a', 'b', 'c', 'd'], 4)).toEqual(['a', 'b', '(2 more lines)']);
  expect(fitting(['a', 'b', 'c'], Number.POSITIVE_INFINITY)).toEqual(['a', 'b', 'c']);
});
