import { existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { removeLeftovers } from '../../src/cli/commands/run/notify-directory.js';
import { tryAcquireLock } from '../../src/index.js';
import { need, whyNoInheritance } from '../support/capabilities.js';
import { freshDirectory } from '../support/directories.js';

beforeEach((ctx) => need(ctx, whyNoInheritance));

/** Creates a directory with a socket, which is two minutes old unless it is `young`. */
function createDirectory(parent: string, name: string, { young = false, locked = false } = {}): string {
  const path = join(parent, name);
  mkdirSync(path);
  writeFileSync(join(path, 'notify'), '');
  if (locked) {
    writeFileSync(join(path, 'lock'), '');
    const lock = tryAcquireLock(join(path, 'lock'), { record: false })!;
    onTestFinished(() => lock.leave());
  }
  const date = new Date(Date.now() - (young ? 0 : 120_000));
  utimesSync(path, date, date);
  return path;
}

test('the directory of a killed run is removed, and those of living ones and of other programs stay', () => {
  const parent = freshDirectory();
  const killed = createDirectory(parent, 'gateway-lock-run-a');
  const living = [
    createDirectory(parent, 'gateway-lock-run-b', { locked: true }),
    createDirectory(parent, 'gateway-lock-run-c', { young: true }),
    createDirectory(parent, 'gateway-lock-d'),
  ];
  writeFileSync(join(parent, 'gateway-lock-run-file'), '');
  removeLeftovers(parent);
  expect([existsSync(killed), ...living.map(existsSync)]).toEqual([false, true, true, true]);
  expect(existsSync(join(parent, 'gateway-lock-run-file'))).toBe(true);
});

test('a missing parent directory is no error', () => {
  removeLeftovers(join(freshDirectory(), 'missing'));
});
