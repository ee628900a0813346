// npm run verify [-- NAME...]: checks each model in verify/ with spin, first unchanged, then with
// planted faults that spin must find. Checks as many models at a time as there are processors.
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { MODELS } from '../verify/models.mjs';
import { root } from './prepare.mjs';

/** Time limit for one step in milliseconds. The largest model takes 10 s on an idle core. */
const LIMIT_MS = 300_000;

/** The largest output of spin in bytes. */
const MAX_OUTPUT = 16 * 1024 * 1024;

const execute = promisify(execFile);

const { positionals } = parseArgs({ allowPositionals: true, options: {} });
const missing = ['spin', 'gcc'].filter((tool) => spawnSync(tool, ['--version']).error);
if (missing.length > 0) {
  console.error(`gateway-lock: npm run verify needs ${missing.join(' and ')}: apt-get install ${missing.join(' ')}`);
  process.exit(1);
}

const chosen = MODELS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
if (chosen.length === 0) {
  console.error(
    `no model is called '${positionals.join("', '")}'. The models are:\n${MODELS.map(({ name }) => name).join('\n')}`,
  );
  process.exit(64);
}
const results = await checkAll(chosen);
const wrong = results.filter(({ asExpected }) => !asExpected);
const states = results.reduce((sum, { found, states }) => sum + (found ? 0 : states), 0);
const faults = results.filter(({ planted, asExpected }) => planted && asExpected).length;
console.log(
  `${results.length - wrong.length} of ${results.length} checks as expected; states without an error: ${states}; planted faults found: ${faults}`,
);
process.exit(wrong.length === 0 ? 0 : 1);

/** Returns the results in the order in which the checks have ended. */
async function checkAll(models) {
  const results = [];
  const queue = models.values();
  const worker = async () => {
    for (const model of queue) results.push(await check(model));
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return results;
}

/** Checks one model. spin must find an error if and only if the model has a planted `fault`. */
async function check({ name, file, defines, fault, liveness }) {
  const planted = fault !== undefined;
  const result = await verify(file, planted ? [...defines, fault] : defines, liveness ?? false);
  const asExpected = result.found === planted;
  const outcome = result.found ? 'error found' : `${result.states} states, no error`;
  console.log(`${asExpected ? 'ok    ' : 'FAILED'} ${name}: ${outcome}`);
  if (!asExpected) console.log(result.output);
  return { ...result, planted, asExpected };
}

async function verify(file, defines, liveness) {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-lock-verify-'));
  try {
    const flags = defines.map((define) => `-D${define}`);
    await step(folder, 'spin', [...flags, '-a', join(root, 'verify', file)]);
    const kind = liveness ? ['-DNFAIR=3'] : ['-DSAFETY'];
    await step(folder, 'gcc', ['-O2', '-w', '-DVECTORSZ=2048', ...kind, '-o', 'pan', 'pan.c']);
    const output = await step(folder, join(folder, 'pan'), ['-m500000', ...(liveness ? ['-a', '-f'] : [])]);
    return { ...readOutput(output), output };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readOutput(output) {
  const errors = /errors: (\d+)/.exec(output)?.[1];
  const states = /^\s*(\d+) states, stored/m.exec(output)?.[1];
  if (errors === undefined || states === undefined || /max search depth too small|out of memory/.test(output)) {
    throw new Error(`spin did not finish:\n${output}`);
  }
  return { found: errors !== '0', states: Number(states) };
}

async function step(cwd, command, args) {
  try {
    const { stdout } = await execute(command, args, { cwd, timeout: LIMIT_MS, maxBuffer: MAX_OUTPUT });
    return stdout;
  } catch (error) {
    throw new Error(`${command} ${args.join(' ')}: ${error.message}\n${error.stdout}${error.stderr}`, { cause: error });
  }
}
