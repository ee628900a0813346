// The models of the protocol, as far as they take a second. `npm run verify` runs all of them.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { need } from '../support/capabilities.js';

const SCRIPT = fileURLToPath(new URL('../../scripts/verify.mjs', import.meta.url));
const absent = ['spin', 'gcc'].filter((tool) => spawnSync(tool, ['--version']).error !== undefined);
const missing = absent.length === 0 ? null : `needs ${absent.join(' and ')}`;

test('spin finds no error in the model of the gateway, and the planted one', (ctx) => {
  need(ctx, missing);
  const { status, stdout, stderr } = verify('three gateways', 'fault: the locks are released before the listener');
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^2 of 2 checks as expected; states without an error: \d{4,}; planted faults found: 1$/m);
  expect(status).toBe(0);
});

test('a model that does not exist is an error, and not a success', (ctx) => {
  need(ctx, missing);
  expect(verify('no such model').status).toBe(64);
});

function verify(...models: string[]) {
  return spawnSync(process.execPath, [SCRIPT, ...models], { encoding: 'utf8', timeout: 60_000 });
}
