// Checks one model of the protocol, which takes a second. `npm run verify` checks all models.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { need } from '../support/capabilities.js';

const SCRIPT = fileURLToPath(new URL('../../scripts/verify.mjs', import.meta.url));
const absent = ['spin', 'gcc'].filter((tool) => spawnSync(tool, ['--version']).error !== undefined);
const missing = absent.length === 0 ? null : `needs ${absent.join(' and ')}`;

test('npm run verify finds no error in the model of the gateway, and finds a fault that is planted in the model', (ctx) => {
  need(ctx, missing);
  const { status, stdout, stderr } = verify(
    'three gateways that give up at a deadline',
    'fault: the locks are released before the listener is closed',
  );
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^2 of 2 checks as expected; states without an error: \d{4,}; planted faults found: 1$/m);
  expect(status).toBe(0);
});

test('npm run verify exits with 64 for an unknown model', (ctx) => {
  need(ctx, missing);
  expect(verify('no such model').status).toBe(64);
});

function verify(...models: string[]) {
  return spawnSync(process.execPath, [SCRIPT, ...models], { encoding: 'utf8', timeout: 60_000 });
}
