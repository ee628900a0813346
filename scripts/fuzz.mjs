// npm run test:fuzz [-- --seconds N] [--only NAME] [--seed N] [--grow]: runs libFuzzer on native/os
// (native/fuzz), and calls the functions of the addon at random. --grow adds the new inputs to the
// corpus.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { prepare, root, run } from './prepare.mjs';

const COMPILER = 'clang++-19';
const BUILD = 'build-fuzz';
const CORPUS = join(root, 'native/fuzz/corpus');
const CRASHES = join(root, BUILD, 'crashes');
/** How many targets run at the same time. CI machines have two cores. */
const LANES = 2;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    only: { type: 'string', default: '' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    grow: { type: 'boolean', default: false },
  },
});
if (spawnSync(COMPILER, ['--version']).error) {
  console.error('gateway-lock: npm run test:fuzz needs clang: apt-get install clang-19 libclang-rt-19-dev');
  process.exit(1);
}
prepare();
run(
  'cmake',
  ['-S', '.', '-B', BUILD, `-DCMAKE_CXX_COMPILER=${COMPILER}`, '-DGATEWAY_LOCK_FUZZ=ON', '-DCMAKE_BUILD_TYPE=Debug'],
  'configuring build-fuzz',
);
run('cmake', ['--build', BUILD, '--target', 'fuzz', '--parallel', '2'], 'building the fuzz targets');
mkdirSync(CRASHES, { recursive: true });

const targets = [
  { name: 'binding', fuzz: fuzzBinding },
  ...readdirSync(CORPUS).map((name) => ({ name, fuzz: fuzzTarget })),
].filter(({ name }) => name.includes(values.only));
const seconds = Math.max(1, Math.floor((Number(values.seconds) * Math.min(LANES, targets.length)) / targets.length));
const queue = [...targets];
const results = [];
await Promise.all(Array.from({ length: LANES }, work));
const failed = results.filter(({ ok }) => !ok);
const executions = results.reduce((sum, { executions }) => sum + executions, 0);
console.log(`${executions} executions of ${results.length} targets, ${failed.length} failed (seed ${values.seed})`);
process.exit(failed.length === 0 && results.length > 0 ? 0 : 1);

async function work() {
  for (let target = queue.shift(); target !== undefined; target = queue.shift()) {
    const result = await target.fuzz(target.name);
    console.log(`${result.ok ? 'ok ' : 'BAD'} ${target.name}: ${result.executions} executions in ${seconds} s`);
    if (!result.ok) console.log(result.report);
    results.push(result);
  }
}

/** Runs one target. New inputs go to a separate folder, so that the clone does not change. */
async function fuzzTarget(name) {
  const program = join(root, BUILD, 'native/fuzz', `fuzz_${name}`);
  const found = mkdtempSync(join(tmpdir(), `gateway-lock-fuzz-${name}-`));
  const corpus = join(CORPUS, name);
  const limits = [`-max_total_time=${seconds}`, '-timeout=10', '-rss_limit_mb=2048', `-seed=${values.seed}`];
  const crashes = join(CRASHES, `${name}-`);
  const { status, output } = await start(program, [
    ...limits,
    `-artifact_prefix=${crashes}`,
    '-print_final_stats=1',
    found,
    corpus,
  ]);
  if (values.grow && status === 0) await start(program, ['-merge=1', corpus, found]);
  rmSync(found, { recursive: true, force: true });
  const executions = Number(/stat::number_of_executed_units: (\d+)/.exec(output)?.[1] ?? 0);
  const input = /Test unit written to (\S+)/.exec(output)?.[1];
  return { ok: status === 0 && executions > 0, executions, report: report(output, program, input) };
}

async function fuzzBinding() {
  const args = [join(root, 'test/fuzz/binding.mjs'), '--seconds', String(seconds), '--seed', values.seed];
  const { status, output } = await start(process.execPath, args);
  const executions = Number(/(\d+) calls/.exec(output)?.[1] ?? 0);
  return { ok: status === 0 && executions > 0, executions, report: `${output}\nTo repeat: node ${args.join(' ')}` };
}

/** Returns the end of the target's output, the input, and the command that reproduces the crash. */
function report(output, program, input) {
  const end = output.split('\n').slice(-60).join('\n');
  if (input === undefined) return end;
  const bytes = readFileSync(input).toString('base64');
  return `${end}\nInput (base64): ${bytes}\nTo repeat: ${join(BUILD, 'native/fuzz', basename(program))} ${input}`;
}

function start(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, output }));
  });
}
