// Compiles and runs the tracer (test/torture/tracer.c), and reads its reports.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('tracer.c', import.meta.url));
const NUMBERS = /^#define __NR_(\w+) (\d+)$/gm;

/**
 * Returns the reason why this machine cannot run the tracer, as the end of a sentence. Returns null
 * if the machine can run the tracer.
 */
export function whyNoTracer() {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'needs Linux on x86-64';
  return spawnSync('cc', ['--version']).error ? 'needs a C compiler (cc)' : null;
}

/** Compiles the tracer into `folder`. Returns the path of the program. */
export function buildTracer(folder) {
  mkdirSync(folder, { recursive: true });
  const program = join(folder, 'tracer');
  execFileSync('cc', ['-O1', '-Wall', '-Werror', '-o', program, SOURCE], { stdio: ['ignore', 'inherit', 'inherit'] });
  return program;
}

let names;

/** Returns the name of a system call, from the kernel headers of this machine. */
export function callName(number) {
  if (names === undefined) {
    const text = execFileSync('cc', ['-E', '-dM', '-'], { input: '#include <asm/unistd.h>\n', encoding: 'utf8' });
    names = new Map([...text.matchAll(NUMBERS)].map(([, name, value]) => [Number(value), name]));
  }
  return names.get(number) ?? `#${number}`;
}

/**
 * Runs `command` under the tracer. `onReport` receives each line of the tracer's report, split at
 * spaces; `onOutput` receives each line that the command prints. The returned `answer()` kills
 * ('k') or continues ('g') a paused victim. The returned `ended` resolves when the tracer has
 * ended.
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

/**
 * Returns the calls of one scenario. `ordinal` is 0 for a call that the addon did not make
 * (tracer.c). `onBegin` is called when the scenario begins.
 */
export async function listCalls(tracer, command, env, onBegin) {
  const calls = [];
  let ending = '';
  const onReport = ([kind, ...fields]) => {
    if (kind === 'begin') onBegin?.();
    if (kind !== 'call') ending = [kind, ...fields].join(' ');
    // The program that an exec scenario starts does not end by itself.
    if (kind === 'exec') process.kill(Number(fields[0]), 'SIGKILL');
    if (kind !== 'call') return;
    const [thread, index, number, result, ordinal, held] = fields.slice(0, 6).map(Number);
    const path = fields.slice(6).join(' ');
    calls.push({ thread, index, number, call: callName(number), result, ordinal, held, path });
  };
  const { errors } = await trace(tracer, command, { onReport, env }).ended;
  if (calls.length === 0) throw new Error(`the tracer reported no system call (${ending}): ${errors}`);
  return calls;
}
