// Messages of the library, as the command line prints them.
import { expect, test } from 'vitest';
import { errorLine, forCommandLine } from '../../src/cli/output.js';
import { unusableHint } from '../../src/gateway/unusable-path.js';
import { notALockFileError, toLockError } from '../../src/lock/lock-error.js';

const weak = Object.assign(new Error('weak'), { code: 'ERR_LOCK_WEAK_FILESYSTEM', detail: 'grants two locks' });
const readOnly = Object.assign(new Error('read-only'), { code: 'EROFS' });

test.each([
  ['a file that is not a lock file', errorLine(notALockFileError('/tmp/notes.txt'))],
  ['a weak file system', errorLine(toLockError(weak, '/tmp/a.lock'))],
  ['a read-only state directory', forCommandLine(unusableHint('/nowhere/a.lock', false, readOnly))],
])('the advice of the command line for %s names no option of the library', (_subject, advice) => {
  expect(advice).not.toMatch(/\bstateDir|record: false|weakFileSystem/);
});

test('the command line advises to choose another path with --lock, or to set --state-dir', () => {
  expect(errorLine(notALockFileError('/tmp/notes.txt'))).toMatch(/Choose another path for the lock with --lock$/);
  expect(forCommandLine(unusableHint('/nowhere/a.lock', false, readOnly))).toContain('Set --state-dir or HOME');
  expect(forCommandLine('Set HOME, or set stateDir')).toBe('Set HOME, or set --state-dir');
});
