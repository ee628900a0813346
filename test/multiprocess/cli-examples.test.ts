import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { examplesOf } from '../../src/cli/examples.js';
import { createProgram } from '../../src/cli/program.js';
import { COMMAND, start, untilPrinted } from '../support/command.js';
import { freshDirectory } from '../support/directories.js';
import { freePort } from '../support/free-port.js';

const program = createProgram();

/**
 * Creates a home directory with the file that the examples name, and with a folder for PATH that
 * contains `gateway-lock` and `python3`.
 */
function exampleHome(): { home: string; path: string } {
  const home = freshDirectory();
  const bin = join(home, 'bin');
  mkdirSync(bin);
  for (const [name, line] of Object.entries({
    'gateway-lock': `'${process.execPath}' '${COMMAND}'`,
    python3: 'true',
  })) {
    writeFileSync(join(bin, name), `#!/bin/sh\nexec ${line} "$@"\n`);
    chmodSync(join(bin, name), 0o755);
  }
  writeFileSync(join(home, 'server.js'), '');
  return { home, path: `${bin}${delimiter}${process.env['PATH']}` };
}

function shellOf(line: string): string {
  const named = /completion (zsh|fish|bash|powershell)/.exec(line)?.[1] ?? 'sh';
  return named === 'powershell' ? 'pwsh' : named;
}

describe.each(['status', 'doctor', 'unit', 'completion'])('the examples of %s --help', (name) => {
  const examples = examplesOf(program.commands.find((command) => command.name() === name)!);

  test(`gateway-lock ${name} --help shows at least two examples`, () => {
    expect(examples.length).toBeGreaterThan(1);
  });

  test.for(examples)('the example runs without an error: $line', async ({ line }, ctx) => {
    const shell = shellOf(line);
    if (spawnSync(shell, ['-c', ':']).error !== undefined) ctx.skip(`needs ${shell}`);
    const { home, path } = exampleHome();
    const port = String(await freePort());
    // Replaces the port by a free port, and loads the completion system in zsh.
    const text = `${shell === 'zsh' ? 'autoload -U compinit; compinit -u -D; ' : ''}${line.replaceAll('18790', port)}`;
    const watches = line.includes('--watch');
    const run = start([], {
      program: [shell, '-c', watches ? `exec ${text}` : text],
      home,
      cwd: home,
      env: { PATH: path, GATEWAY_GATEWAY_PORT: port },
    });
    if (watches) {
      await untilPrinted(run, /\n/);
      run.child.kill('SIGINT');
    }
    expect(await run.ended).toMatchObject({ code: 0, signal: null, err: '' });
  });
});
