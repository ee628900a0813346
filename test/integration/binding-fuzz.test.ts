import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { native } from '../../src/native/load.js';
import { need } from '../support/capabilities.js';

const FUZZER = fileURLToPath(new URL('../fuzz/binding.mjs', import.meta.url));

test('two seconds of random calls of the addon leave no descriptor and no lock, and end with 0', (ctx) => {
  need(ctx, process.platform === 'linux' ? null : 'needs Linux, whose /proc lists the descriptors of a process');
  const { status, stdout, stderr } = spawnSync(process.execPath, [FUZZER, '--seconds', '2'], { encoding: 'utf8' });
  expect({ status, stderr }, stdout).toEqual({ status: 0, stderr: '' });
});

describe('an array of arguments that cannot be read throws and does not end the process', () => {
  const exec = (args: unknown) => () => native().exec('/nowhere/program', args as string[], [], []);

  test('for a sparse array of the greatest length', () => {
    expect(exec(new Array(2 ** 32 - 1))).toThrow('argument 1 must be an array of strings');
  });

  test('for an item whose getter throws, with the error of the getter', () => {
    const items = Object.defineProperty(['a'], 0, {
      get: () => {
        throw new RangeError('of the getter');
      },
    });
    expect(exec(items)).toThrow('of the getter');
  });
});
