// npm run test:windows [-- --node 22 [--without-documents] [vitest arguments]]: runs the tests in
// Windows builds of Node under Wine. Installs Wine and MinGW, downloads the builds of Node and builds
// the addon if they are missing. First runs the tests of native/os, which do not need Node, then the
// scripts of test/matrix and the suites in each Node. Node 18 is too old for the package and runs
// only the scripts for the addon. --node chooses a major version and can be repeated; the default is
// all versions. --without-documents leaves out the tests of the documentation and of this project's
// tools.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { prepare } from '../../scripts/prepare.mjs';
import { renamed, runOsTests, runScript, runSuites } from './in-node.mjs';
import { NODES, nodeExe, OLDEST } from './nodes.mjs';
import { installTools } from './tools.mjs';
import { copyTree, OS_TESTS } from './tree.mjs';
import { CACHE, endAll, freshPrefix } from './wine.mjs';

const { nodes, documents, args } = readArguments(process.argv.slice(2));
prepare();
installTools();
mkdirSync(CACHE, { recursive: true });
const work = mkdtempSync(join(CACHE, 'run-'));
const prefix = freshPrefix(work);
// Wine's processes are not children of this process, so they must be ended explicitly.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => leave(1));
try {
  const tree = copyTree(work);
  const results = args.length === 0 ? [await testWithoutNode(tree)] : [];
  for (const node of nodes) results.push(await testNode(node, tree));
  leave(report(results));
} catch (error) {
  console.error(error);
  leave(1);
}

function leave(code) {
  endAll(prefix);
  rmSync(work, { recursive: true, force: true });
  process.exit(code);
}

function readArguments(args) {
  const majors = [];
  const rest = [];
  let documents = true;
  for (let i = 0; i < args.length; i++) {
    if (args[i] === '--node') majors.push(Number(args[++i]));
    else if (args[i] === '--without-documents') documents = false;
    else rest.push(args[i]);
  }
  const unknown = majors.filter((major) => !NODES.some((node) => node.major === major));
  if (unknown.length > 0) {
    console.error(`unknown Node ${unknown.join(', ')}. Choose from ${NODES.map(({ major }) => major).join(' ')}`);
    process.exit(64);
  }
  const nodes = NODES.filter(({ major }) => majors.length === 0 || majors.includes(major));
  return { nodes, documents, args: rest };
}

async function testWithoutNode(tree) {
  process.stderr.write('gateway-lock: Windows without Node\n');
  const { text, ...counts } = await runOsTests(OS_TESTS, { prefix, tree });
  endAll(prefix);
  console.log(text);
  return { title: 'without Node', ...counts };
}

async function testNode(node, tree) {
  const program = nodeExe(node);
  process.stderr.write(`gateway-lock: Windows ${node.title}\n`);
  const where = { prefix, tree };
  const script = node.major < OLDEST ? 'addon.mjs' : 'package.mjs';
  const parts = [await runScript(program, script, where), await runScript(renamed(program, tree), 'addon.mjs', where)];
  if (node.major >= OLDEST) parts.push(await runSuites(program, { ...where, args, documents }));
  endAll(prefix);
  for (const { text } of parts) console.log(text);
  return { title: node.title, ...sum(parts) };
}

/** Prints the counts for each Node, then the sum. Returns the exit code. */
function report(results) {
  for (const { title, ...counts } of results) console.log(`Windows ${title}: ${line(counts)}`);
  const all = sum(results);
  console.log(`\n${line(all)}`);
  return all.failed === 0 ? 0 : 1;
}

function sum(parts) {
  const total = (key) => parts.reduce((count, part) => count + part[key], 0);
  return { passed: total('passed'), failed: total('failed'), skipped: total('skipped') };
}

function line({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}
