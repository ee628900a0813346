import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

test('without an addon for this machine there is no lock, and the error says what was tried and what to type', async () => {
  // node-gyp-build then ignores build/, and prebuilds/ holds nothing for this machine in a clone.
  const env = { ...process.env, PREBUILDS_ONLY: '1' };
  const script = `
    const { tryAcquireLock, LockError } = await import('gateway-lock');
    try { tryAcquireLock('/tmp/never.lock'); } catch (error) {
      const { name, code, message, cause } = error;
      console.log(JSON.stringify({ name, code, message, cause: cause.message, ours: error instanceof LockError }));
    }`;
  const args = ['--input-type=module', '-e', script];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root, env });
  expect(JSON.parse(stdout)).toMatchObject({ name: 'LockError', code: 'ERR_NATIVE_MISSING', ours: true });
  const { message, cause } = JSON.parse(stdout) as { message: string; cause: string };
  expect(message).toContain(`${process.platform}-${process.arch}`);
  expect(message).toContain('npm run build');
  expect(cause).toContain('No native build was found');
});
