// Messages of the library, as the command line prints them.
import { expect, test } from 'vitest';
import { errorLine, forCommandLine } from '../../src/cli/output.js';
import { notALockFileError } from '../../src/lock/lock-error.js';

test('an error on the command line names no option of the library', () => {
  expect(errorLine(notALockFileError('/tmp/notes.txt'))).toMatch(/Choose another path for the lock with --lock$/);
  expect(forCommandLine('Set HOME, or set stateDir')).toBe('Set HOME, or set --state-dir');
  expect(forCommandLine('Set stateDir (on the command line --state-dir) or HOME.')).toBe('Set --state-dir or HOME.');
  expect(forCommandLine("Use a named volume, or accept the risk with weakFileSystem: 'warn'")).toBe(
    'Use a named volume',
  );
});
