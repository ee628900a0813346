// Checks the documentation comments of the public interface: each export has a summary and an
// example, each example compiles, and each example that needs no other server runs.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { environment } from '../support/command.js';
import { freshDirectory } from '../support/directories.js';
import { freePort } from '../support/free-port.js';
import { ROOT } from '../support/markdown.js';
import { asModule, readExports } from '../support/tsdoc.js';

const exports = readExports();
const examples = exports
  .flatMap((each) => each.examples.map((example) => ({ each, code: asModule(each, example, exports) })))
  .map(({ each: { name, entry }, code }, index) => ({ title: `${name} of ${entry}`, file: `example-${index}`, code }));
const compiled = compileExamples();

test('each export has a summary and an example', () => {
  expect(exports.length).toBeGreaterThan(60);
  const lacking = exports.filter(({ summary, examples: own }) => summary === '' || own.length === 0);
  expect(lacking.map(({ name }) => name)).toEqual([]);
});

test('each example compiles', () => {
  expect(compiled).toMatchObject({ status: 0, stdout: '' });
});

describe('an example', () => {
  // The others connect to a cluster, start another program, or throw on purpose.
  const programs = examples.filter(({ code }) => !/gateway-lock\/cluster|\.exec\(|\.inheritance|^throw /m.test(code));

  test('more than 40 examples run', () => {
    expect(programs.length).toBeGreaterThan(40);
  });

  test.for(programs)('the example of $title runs as written', async ({ file }) => {
    const home = freshDirectory(join(ROOT, 'build'));
    mkdirSync(join(home, 'work'));
    const env = environment(home, { GATEWAY_GATEWAY_PORT: String(await freePort()) });
    const args = [join(compiled.directory, `${file}.mjs`)];
    const child = spawn(process.execPath, args, { env, cwd: join(home, 'work'), stdio: ['ignore', 'ignore', 'pipe'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    let errors = '';
    child.stderr.on('data', (chunk) => (errors += chunk));
    expect({ status: await once(child, 'close'), errors }).toEqual({ status: [0, null], errors: '' });
  });
});

/**
 * Compiles the examples in a folder of this repository, from which TypeScript and Node resolve
 * 'gateway-lock'.
 */
function compileExamples() {
  const directory = mkdtempSync(join(ROOT, 'build/examples-'));
  afterAll(() => rmSync(directory, { recursive: true }));
  for (const { file, code } of examples) writeFileSync(join(directory, `${file}.mts`), code);
  const compilerOptions = { rootDir: '.', outDir: '.', emitDeclarationOnly: false, declaration: false };
  const options = { ...compilerOptions, verbatimModuleSyntax: false, isolatedModules: false };
  const config = { extends: join(ROOT, 'tsconfig.json'), include: ['*.mts'], exclude: [], compilerOptions: options };
  writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify(config));
  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
  const { status, stdout } = spawnSync(process.execPath, [compiler, '-p', directory], { encoding: 'utf8' });
  return { status, stdout, directory };
}
