// Checks the model of the lease core (verify/lease.pml) exhaustively with spin. The check must also
// find each planted fault.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Missing, need, whyNoPosixCompiler } from '../support/capabilities.js';
import { ROOT } from '../support/cluster/planted-faults.js';
import { freshDirectory } from '../support/directories.js';

const whyNoSpin: Missing = spawnSync('spin', ['-V']).error ? 'needs spin: apt-get install spin' : whyNoPosixCompiler();

function check(...flags: string[]): { errors: number; states: number } {
  const cwd = freshDirectory();
  const run = (command: string, args: string[]) => {
    const { stdout, stderr, status } = spawnSync(command, args, { cwd, encoding: 'utf8', timeout: 120_000 });
    expect({ command, status, stderr: status === 0 ? '' : `${stdout}${stderr}` }).toEqual({
      command,
      status: 0,
      stderr: '',
    });
    return stdout;
  };
  run('spin', ['-a', ...flags, join(ROOT, 'verify/lease.pml')]);
  run('cc', ['-O2', '-DSAFETY', '-o', 'pan', 'pan.c']);
  const output = run(join(cwd, 'pan'), ['-m1000000']);
  const number = (pattern: RegExp) => Number(pattern.exec(output)?.[1]);
  expect(output).not.toMatch(/max search depth too small|out of memory/);
  return { errors: number(/errors: (\d+)/), states: number(/([\d.e+]+) states, stored/) };
}

test('in the model of the lease core, no two clients believe that they hold the lock, and no ended lease is extended', (ctx) => {
  need(ctx, whyNoSpin);
  const { errors, states } = check();
  console.log({ states });
  expect(errors).toBe(0);
  expect(states).toBeGreaterThan(10_000);
});

test.for(['FROM_ANSWER', 'NO_MARGIN', 'CLOCK_STOPS', 'RESURRECT'])(
  'control: spin finds the planted fault %s in the model of the lease core',
  (fault, ctx) => {
    need(ctx, whyNoSpin);
    expect(check(`-D${fault}`).errors).toBe(1);
  },
);
