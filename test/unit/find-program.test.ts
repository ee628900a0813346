import { mkdirSync, type PathLike, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { findProgram } from '../../src/cli/find-program.js';
import { freshDirectory } from '../support/directories.js';

/** The mocked stat() fails with `code` for each path that ends with `refuses`. */
const stat: { refuses: string; code: string } = { refuses: '', code: '' };

vi.mock('node:fs', async (original) => {
  const real = await original<typeof import('node:fs')>();
  const statSync = (path: PathLike, options?: object) => {
    if (stat.refuses === '' || !String(path).endsWith(stat.refuses)) return real.statSync(path, options);
    throw Object.assign(new Error(`${stat.code}: stat`), { code: stat.code });
  };
  return { ...real, statSync };
});

beforeEach(() => Object.assign(stat, { refuses: '', code: '' }));
afterEach(() => vi.unstubAllEnvs());

function programIn(directory: string, name: string): string {
  const file = join(directory, name);
  writeFileSync(file, '', { mode: 0o755 });
  return file;
}

describe('findProgram()', () => {
  // An example is python.exe of the Microsoft Store: CreateProcess starts that file, access()
  // succeeds, stat() fails (nodejs/node#36790).
  test.each(['EACCES', 'EPERM', 'UNKNOWN'])(
    'findProgram() returns an app execution alias, for which stat() fails with %s',
    (code) => {
      const file = programIn(freshDirectory(), 'alias.exe');
      Object.assign(stat, { refuses: 'alias.exe', code });
      expect(findProgram(file)).toBe(file);
    },
  );

  test('findProgram() reports that it finds no program, instead of the error, if stat() fails for another reason', () => {
    const file = programIn(freshDirectory(), 'broken.exe');
    Object.assign(stat, { refuses: 'broken.exe', code: 'EIO' });
    expect(() => findProgram(file)).toThrow('not an executable file');
  });

  test('findProgram() does not accept a directory as a program', () => {
    const directory = join(freshDirectory(), 'folder.exe');
    mkdirSync(directory);
    expect(() => findProgram(directory)).toThrow('not an executable file');
  });

  test('findProgram() reports a program that does not exist', () => {
    expect(() => findProgram(join(freshDirectory(), 'none.exe'))).toThrow('program not found');
  });
});

describe('findProgram() on Windows', () => {
  test('findProgram() completes a name only to files that CreateProcess or cmd.exe can start, not to the scripts of PATHEXT', async () => {
    vi.stubEnv('PATHEXT', '.COM;.EXE;.BAT;.CMD;.VBS;.JS');
    vi.stubEnv('PATH', join('somewhere'));
    const { platform } = process;
    vi.resetModules();
    Object.defineProperty(process, 'platform', { value: 'win32' });
    try {
      const { programCandidates } = await import('../../src/native/processes.js');
      const names = (name: string) => programCandidates(name).map((path) => path.split(/[\\/]/).at(-1));
      expect(names('server')).toEqual(['server.com', 'server.exe', 'server.bat', 'server.cmd']);
      expect(names('server.cmd')).toEqual(['server.cmd']);
      expect(names('server.js')).not.toContain('server.js');
    } finally {
      Object.defineProperty(process, 'platform', { value: platform });
    }
  });
});
