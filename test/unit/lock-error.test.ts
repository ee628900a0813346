import { describe, expect, test } from 'vitest';
import { lockedError, portInUseError } from '../../src/gateway/gateway-error.js';
import { timeoutError, toLockError } from '../../src/lock/lock-error.js';
import { newRecord } from '../support/records.js';

const own = newRecord();
const other = { ...own, pid: 4242 };
const HOSTILE = 'far\u202eaway\u2028\x1b[31m\u200f\u061c';

describe('the message of a timeout error', () => {
  test('advises to release the lock if this process holds it, and rounds the milliseconds', () => {
    const { message, code } = timeoutError('/l', 49.99815799999999, { owner: own, ownerAlive: true });
    expect([code, message]).toEqual([
      'ERR_LOCK_TIMEOUT',
      `lock '/l' is already held by this process (pid ${process.pid}); gave up after 50 ms. Release it first.`,
    ]);
  });

  test('advises to wait longer or to stop the holder if another process holds the lock', () => {
    expect(timeoutError('/l', 5000, { owner: other, ownerAlive: true }).message).toMatch(
      /^lock '\/l' is held by pid 4242; gave up after 5000 ms\. Wait longer \(timeoutMs\), or stop it \((kill 4242|taskkill \/PID 4242 \/F)\)\.$/,
    );
  });

  test.each([
    ['no record', null, null, 'an unknown process (the lock file does not name one)'],
    ['a dead owner', other, false, 'an unknown process (the lock file names pid 4242, which is dead or dying)'],
    ['another host', { ...other, host: 'there' }, null, 'pid 4242 of another container or host (there)'],
    ['another namespace', { ...other, host: null, pidNamespace: '1' }, null, 'pid 4242 of another container'],
    ['no host', { ...other, host: null, pidNamespace: null }, null, 'pid 4242, which may be dead'],
  ])('the message of a timeout error names the holder for a lock file with %s', (_what, owner, ownerAlive, name) => {
    const { message } = timeoutError('/l', 1, { owner, ownerAlive });
    expect(message).toBe(`lock '/l' is held by ${name}; gave up after 1 ms. Wait longer (timeoutMs).`);
  });
});

test('messages and hints replace characters of an owner record that move the cursor or reorder text', () => {
  const holder = { lockPath: '/l', owner: { ...other, host: HOSTILE, role: HOSTILE }, ownerAlive: null };
  const place = { host: '127.0.0.1', port: 1 };
  const errors = [portInUseError(place, holder), lockedError(place, 1, holder)];
  const texts = [...errors.flatMap(({ message, hint }) => [message, hint]), timeoutError('/l', 1, holder).message];
  expect(texts.filter((text) => text.includes('far away [31m'))).toHaveLength(3);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the expression matches control characters on purpose
  for (const text of texts) expect(text).not.toMatch(/[\x00-\x1f\u061c\u200e\u200f\u2028-\u202e]/);
});

describe('the error for a file that cannot be a lock file', () => {
  const invalid = (detail: string) =>
    toLockError(Object.assign(new Error(detail), { code: 'ERR_LOCK_INVALID_FILE', detail }), '/nonexistent/l') as Error;

  test.each([
    [
      'is a FIFO',
      /Choose another path, or check what it is \((ls -lad '\/nonexistent\/l'|icacls .*)\) and remove it\.$/,
    ],
    [
      'lies in a directory that every user may write to',
      /(Remove write permission for others: (chmod o-w '\/nonexistent'|icacls .*)\. Or choose another path\.|.*does not support changing permissions.*)$/,
    ],
    [
      'is a directory that every user may write to',
      /(Make it private: (chmod 700 '\/nonexistent\/l'|icacls .*)\. Or choose another path\.|.*does not support changing permissions.*)$/,
    ],
  ])('states that the file %s and what to do', (detail, advice) => {
    const { message } = invalid(detail);
    expect(message).toContain(`'/nonexistent/l' ${detail}, so it is not used as a lock. Nothing was changed. `);
    expect(message).toMatch(advice);
  });
});
