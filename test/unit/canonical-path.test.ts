import { mkdirSync, type PathLike, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { canonicalPath } from '../../src/gateway/canonical-path.js';
import { need, whyNoLinks } from '../support/capabilities.js';
import { freshDirectory } from '../support/directories.js';

const native: { failure: string | null } = { failure: null };

vi.mock('node:fs', async (original) => {
  const real = await original<typeof import('node:fs')>();
  const realpath = (path: PathLike) => {
    if (native.failure === null) return real.realpathSync.native(path);
    throw Object.assign(new Error(`${native.failure}: realpath`), { code: native.failure });
  };
  return { ...real, realpathSync: Object.assign((path: PathLike) => real.realpathSync(path), { native: realpath }) };
});

afterEach(() => {
  native.failure = null;
});

// On Windows, realpath() calls GetFinalPathNameByHandle, which fails on a RAM disk that the Mount
// Manager does not know (vitejs/vite#13654).
test.each(['EISDIR', 'UNKNOWN', 'EBADF', 'EINVAL'])(
  'canonicalPath() works on a volume where realpath() fails with %s',
  (code) => {
    const directory = freshDirectory();
    native.failure = code;
    expect(canonicalPath(directory)).toBe(directory);
    expect(canonicalPath(join(directory, 'not', 'there'))).toBe(join(directory, 'not', 'there'));
  },
);

test('canonicalPath() follows links on a volume where realpath() fails', (ctx) => {
  need(ctx, whyNoLinks);
  const directory = freshDirectory();
  mkdirSync(join(directory, 'state'));
  symlinkSync(join(directory, 'state'), join(directory, 'link'));
  native.failure = 'EISDIR';
  expect(canonicalPath(join(directory, 'link'))).toBe(join(directory, 'state'));
});

test('canonicalPath() rethrows an error of realpath() that no such volume causes', () => {
  const directory = freshDirectory();
  native.failure = 'EIO';
  expect(() => canonicalPath(directory)).toThrow(expect.objectContaining({ code: 'EIO' }));
});
