import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { grammarOf } from '../../src/cli/commands/completion/grammar.js';
import { manPage } from '../../src/cli/man-page.js';
import { createProgram } from '../../src/cli/program.js';
import type { Missing } from '../support/capabilities.js';
import { environment, gatewayLock } from '../support/command.js';
import { freshDirectory } from '../support/directories.js';
import { Terminal, whyNoTerminal } from '../support/terminal.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const COMMANDS = ['run', 'serve', 'reload', 'stop', 'wait', 'status', 'doctor', 'unit', 'stress', 'completion', 'help'];

function whyNo(program: string): Missing {
  const { error } = spawnSync(program, ['--version']);
  return error === undefined ? null : `needs ${program}: ${error.message}`;
}

/** Creates a home with the completion script, a directory and a file to complete. */
async function shellHome(shell: string) {
  const home = freshDirectory();
  const { code, out, err } = await gatewayLock(['completion', shell], { home });
  expect([code, err]).toEqual([0, '']);
  writeFileSync(join(home, 'script'), out);
  mkdirSync(join(home, 'a directory'));
  writeFileSync(join(home, 'a file'), '');
  return home;
}

describe('the bash completion', () => {
  const missing = whyNo('bash');

  async function offered(...words: string[]): Promise<string[]> {
    const home = await shellHome('bash');
    const ask =
      // biome-ignore lint/suspicious/noTemplateCurlyInString: this is bash code
      'source ./script; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _gateway_lock; printf "%s\\n" "${COMPREPLY[@]}"';
    const args = ['--norc', '-uc', ask, 'bash', 'gateway-lock', ...words];
    const out = execFileSync('bash', args, { cwd: home, env: environment(home), encoding: 'utf8' });
    return out.split('\n').filter((line) => line !== '');
  }

  test.for([
    [[''], COMMANDS],
    [['s'], ['serve', 'stop', 'status', 'stress']],
    [['--v'], ['--version']],
    [
      ['unit', ''],
      ['systemd', 'launchd', 'schtasks'],
    ],
    [['unit', 'systemd', '--us'], ['--user']],
    [['status', '--state-dir', ''], ['a directory']],
    [['status', '--port', ''], []],
    [
      ['run', '--no-'],
      ['--no-wait', '--no-handover'],
    ],
    [['run', '--', 'gateway-loc'], []],
    [['run', '--', 'bas'], expect.arrayContaining(['bash'])],
    [['run', '--', 'bash', '--po'], []],
    [['help', 'do'], ['doctor']],
  ] as const)('completes %j', async ([words, expected], ctx) => {
    if (missing !== null) ctx.skip(missing);
    expect(await offered(...words)).toEqual(expected);
  });

  test('completes at an interactive prompt, including a directory with a blank in its name', async (ctx) => {
    const reason = missing ?? whyNoTerminal();
    if (reason !== null) ctx.skip(reason);
    const home = await shellHome('bash');
    writeFileSync(join(home, '.bashrc'), 'cd; source ./script; PS1="> "\n');
    const terminal = new Terminal('bash', { columns: 80, rows: 20, home });
    await terminal.shows(/^>/m);
    terminal.type('gateway-lock sta', 'Tab');
    await terminal.shows(/> gateway-lock status/);
    terminal.type('--state-dir a', 'Tab');
    await terminal.shows(/--state-dir a\\ directory/);
    terminal.type(' --lock a', 'Tab', 'Tab', 'Tab');
    await terminal.shows(/a directory\/ +a file/);
  });
});

describe('the zsh completion', () => {
  test('completes commands with their summaries, options, choices and directories', async (ctx) => {
    const reason = whyNo('zsh') ?? whyNoTerminal();
    if (reason !== null) ctx.skip(reason);
    const home = await shellHome('zsh');
    writeFileSync(join(home, '.zshrc'), 'autoload -U compinit; compinit -u -D; cd; source ./script; PS1="> "\n');
    const terminal = new Terminal('zsh', { columns: 100, rows: 40, home });
    await terminal.shows(/^>/m);
    terminal.type('gateway-lock ', 'Tab');
    await terminal.shows(/doctor +-- diagnose problems/);
    terminal.type('doc', 'Tab', '--fi', 'Tab');
    await terminal.shows(/> gateway-lock doctor --fix/);
    terminal.type('--state-dir ', 'Tab');
    await terminal.shows(/--state-dir a\\ directory/);
    terminal.type('C-u', 'gateway-lock unit l', 'Tab', '--no-h', 'Tab');
    await terminal.shows(/gateway-lock unit launchd --no-handover/);
    terminal.type('C-u', 'gateway-lock run --po', 'Tab', '1 -- tmu', 'Tab');
    await terminal.shows(/gateway-lock run --port 1 -- tmux/);
    expect(terminal.screen()).not.toMatch(/error|not found|:\d+:/i);
  });

  test('the zsh completion is a script that zsh can parse and autoload', async (ctx) => {
    const missing = whyNo('zsh');
    if (missing !== null) ctx.skip(missing);
    const home = await shellHome('zsh');
    const { status, stderr } = spawnSync('zsh', ['-fn', join(home, 'script')], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
    expect(readFileSync(join(home, 'script'), 'utf8')).toMatch(/^#compdef gateway-lock\n/);
  });
});

describe('the fish completion', () => {
  test.for([
    ['gateway-lock ', COMMANDS],
    ['gateway-lock unit ', ['launchd', 'schtasks', 'systemd']],
    ['gateway-lock unit systemd ', []],
    ['gateway-lock status --j', ['--json']],
    ['gateway-lock status --state-dir ', ['a directory/']],
    ['gateway-lock status --lock a', ['a directory/', 'a file']],
    ['gateway-lock run --port ', []],
    ['gateway-lock run -- gateway-lock-none --po', []],
  ] as const)('completes %j', async ([line, expected], ctx) => {
    const missing = whyNo('fish');
    if (missing !== null) ctx.skip(missing);
    const home = await shellHome('fish');
    const ask = 'source ./script; complete -C $argv[1]';
    const options = { cwd: home, env: environment(home), encoding: 'utf8' } as const;
    const { stdout, stderr } = spawnSync('fish', ['-N', '-c', ask, '--', line], options);
    const offered = stdout.split('\n').map((answer) => answer.split('\t')[0]!);
    expect([offered.filter((answer) => answer !== '').sort(), stderr]).toEqual([expected.toSorted(), '']);
  });
});

describe('the PowerShell completion', () => {
  test.for([
    ['gateway-lock ', COMMANDS],
    ['gateway-lock sta', ['status']],
    ['gateway-lock unit ', ['launchd', 'schtasks', 'systemd']],
    ['gateway-lock status --j', ['--json']],
    ['gateway-lock stress --mode g', ['gateway']],
  ] as const)('completes %j', async ([line, expected], ctx) => {
    const missing = whyNo('pwsh');
    if (missing !== null) ctx.skip(missing);
    const home = await shellHome('powershell');
    const ask = `Get-Content -Raw script | Invoke-Expression
      (TabExpansion2 '${line}' ${line.length}).CompletionMatches | ForEach-Object { $_.CompletionText }`;
    const options = { cwd: home, env: environment(home), encoding: 'utf8' } as const;
    const { stdout, stderr } = spawnSync('pwsh', ['-NoProfile', '-Command', ask], options);
    const offered = stdout.split(/\r?\n/).filter((answer) => answer !== '');
    expect([offered.sort(), stderr]).toEqual([expected.toSorted(), '']);
  });

  test('names every command and option, in closed strings and brackets', async () => {
    const { out } = await gatewayLock(['completion', 'powershell']);
    for (const { name, options } of grammarOf(createProgram()).commands) {
      expect(out).toContain(`    '${name}' = [ordered]@{\n`);
      for (const spelling of options.flatMap(({ names }) => names)) expect(out).toContain(`      '${spelling}' = '`);
    }
    const code = out.replace(/^ *#.*$/gm, '').replace(/'(?:[^']|'')*'|"[^"]*"/g, '');
    expect(code).not.toMatch(/['"]/);
    for (const [open, close] of ['{}', '()', '[]']) expect(code.split(open!).length).toBe(code.split(close!).length);
  });
});

describe('the man page', () => {
  const page = manPage(createProgram(), '2026-01-31');

  test('in dist/ is up to date with the definitions of the commands, and has a date', () => {
    const bundled = readFileSync(join(root, 'dist/gateway-lock.1'), 'utf8');
    const [, date] = /^\.TH GATEWAY-LOCK 1 "(\d{4}-\d\d-\d\d)"/.exec(bundled)!;
    expect(bundled).toBe(manPage(createProgram(), date!));
    const { man, files } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    // npm links the page of a package installed from a file only if `man` is an array.
    expect([man, files]).toEqual([['./dist/gateway-lock.1'], expect.arrayContaining(['dist'])]);
  });

  test('the man page contains every command, option, example and exit code', () => {
    for (const command of createProgram().commands) {
      expect(page).toContain(`.SS ${command.name()}`);
      for (const { flags } of command.options) expect(page).toContain(`.B ${flags.replaceAll('-', '\\-')}\n`);
    }
    expect(page).toContain('gateway\\-lock status \\-\\-watch');
    expect(page).toMatch(/\.SH EXIT CODES\n\.TP\n\.B 0\n/);
  });

  test.for([
    ['mandoc', ['-Tlint', '-W', 'warning']],
    ['groff', ['-ww', '-man', '-z', '-Tutf8']],
    ['man', ['--warnings', '-E', 'UTF-8', '-l', '-Tutf8', '-Z']],
  ] as const)('causes no warnings of %s', async ([program, args], ctx) => {
    const directory = freshDirectory();
    const path = join(directory, 'gateway-lock.1');
    writeFileSync(path, page);
    const { error, stdout, stderr } = spawnSync(program, [...args, path], { encoding: 'utf8' });
    if (error !== undefined) ctx.skip(`needs ${program}: ${error.message}`);
    const complaints = program === 'mandoc' ? `${stdout}${stderr}` : stderr;
    expect(complaints.split('\n').filter((line) => line !== '')).toEqual([]);
  });
});

test.each([[['completion']], [['completion', 'tcsh']]])(
  'gateway-lock with the arguments %j reports a usage error',
  async (args) => {
    const { code, out, err } = await gatewayLock(args);
    expect([code, out]).toEqual([64, '']);
    expect(err.split('\n')).toHaveLength(2);
  },
);
