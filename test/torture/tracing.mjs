// Compiles the tracer, runs it, and reads its reports.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('tracer.c', import.meta.url));
const NUMBERS = /^#define __NR_(\w+) (\d+)$/gm;

/** null, or why this machine cannot trace. */
export function whyNoTracer() {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'the tracer is for Linux on x86-64';
  return spawnSync('cc', ['--version']).error ? 'needs a C compiler (cc)' : null;
}

/** Compiles into `folder`; returns the program. */
export function buildTracer(folder) {
  mkdirSync(folder, { recursive: true });
  const program = join(folder, 'tracer');
  execFileSync('cc', ['-O1', '-Wall', '-Werror', '-o', program, SOURCE], { stdio: ['ignore', 'inherit', 'inherit'] });
  return program;
}

let names;

/** The name of a system call, from the headers of this machine. */
export function callName(number) {
  if (names === undefined) {
    const text = execFileSync('cc', ['-E', '-dM', '-'], { input: '#include <asm/unistd.h>\n', encoding: 'utf8' });
    names = new Map([...text.matchAll(NUMBERS)].map(([, name, value]) => [Number(value), name]));
  }
  return names.get(number) ?? `#${number}`;
}

/**
 * Runs `command` under the tracer. `onReport` gets each line, split at spaces; `answer()` sends 'k' or 'g' to a paused victim.
 * `onOutput` gets what the command prints. The promise resolves when the tracer has ended.
 */
export function trace(tracer, command, { onReport, onOutput = () => {}, env = process.env }) {
  const child = spawn(tracer, command, { stdio: ['pipe', 'pipe', 'pipe', 'pipe'], env });
  let errors = '';
  child.stderr.on('data', (chunk) => (errors = (errors + chunk).slice(-4000)));
  child.stdin.on('error', () => {});
  createInterface({ input: child.stdout }).on('line', onOutput);
  createInterface({ input: child.stdio[3] }).on('line', (line) => onReport(line.split(' ')));
  const ended = new Promise((resolve) => child.once('close', (code) => resolve({ code, errors })));
  return { ended, answer: (letter) => child.stdin.write(letter), kill: () => child.kill('SIGKILL') };
}

/** The calls of one scenario. `ordinal`: see tracer.c; 0 if it is not the addon's. `onBegin` is called when the scenario begins. */
export async function listCalls(tracer, command, env, onBegin) {
  const calls = [];
  let ending = '';
  const onReport = ([kind, ...fields]) => {
    if (kind === 'begin') onBegin?.();
    if (kind !== 'call') ending = [kind, ...fields].join(' ');
    // Nothing else ends the program that a scenario has turned into.
    if (kind === 'exec') process.kill(Number(fields[0]), 'SIGKILL');
    if (kind !== 'call') return;
    const [thread, index, number, result, ordinal] = fields.slice(0, 5).map(Number);
    calls.push({ thread, index, number, call: callName(number), result, ordinal, path: fields.slice(5).join(' ') });
  };
  const { errors } = await trace(tracer, command, { onReport, env }).ended;
  if (calls.length === 0) throw new Error(`nothing was traced (${ending}): ${errors}`);
  return calls;
}
