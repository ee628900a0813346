// npm run test:windows [-- --node 22 [vitest arguments]]: the test suites inside real Windows Nodes, in Wine. From nothing: installs
// Wine and MinGW, downloads the Nodes, builds the addon. First the tests of native/os, without a Node. --node can be given more than
// once; without it all are run. Each gives the proofs of test/matrix, then the suites; Node 18, which is too old for the package, the
// one of the addon alone.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { prepare } from '../../scripts/prepare.mjs';
import { prove, renamed, runOsTests, runSuites } from './in-node.mjs';
import { NODES, nodeExe, OLDEST } from './nodes.mjs';
import { installTools } from './tools.mjs';
import { copyTree, OS_TESTS } from './tree.mjs';
import { CACHE, endAll, freshPrefix } from './wine.mjs';

const { nodes, args } = readArguments(process.argv.slice(2));
prepare();
installTools();
mkdirSync(CACHE, { recursive: true });
const work = mkdtempSync(join(CACHE, 'run-'));
const prefix = freshPrefix(work);
// Wine's processes are not this one's children: they would outlive it, at work on files that are gone.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => leave(1));
try {
  const tree = copyTree(work);
  const results = args.length === 0 ? [await tryWithoutNode(tree)] : [];
  for (const node of nodes) results.push(await tryNode(node, tree));
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
  for (let i = 0; i < args.length; i++) {
    if (args[i] === '--node') majors.push(Number(args[++i]));
    else rest.push(args[i]);
  }
  const unknown = majors.filter((major) => !NODES.some((node) => node.major === major));
  if (unknown.length > 0) {
    console.error(`no Node ${unknown.join(', ')}; there are ${NODES.map(({ major }) => major).join(' ')}`);
    process.exit(64);
  }
  return { nodes: NODES.filter(({ major }) => majors.length === 0 || majors.includes(major)), args: rest };
}

async function tryWithoutNode(tree) {
  process.stderr.write('gateway-lock: Windows without Node\n');
  const { text, ...counts } = await runOsTests(OS_TESTS, { prefix, tree });
  endAll(prefix);
  console.log(text);
  return { title: 'without Node', ...counts };
}

async function tryNode(node, tree) {
  const program = nodeExe(node);
  process.stderr.write(`gateway-lock: Windows ${node.title}\n`);
  const place = { prefix, tree };
  const script = node.major < OLDEST ? 'addon.mjs' : 'package.mjs';
  const parts = [await prove(program, script, place), await prove(renamed(program, tree), 'addon.mjs', place)];
  if (node.major >= OLDEST) parts.push(await runSuites(program, { ...place, args }));
  endAll(prefix);
  for (const { text } of parts) console.log(text);
  return { title: node.title, ...sum(parts) };
}

/** Prints a line for each Node and, last, the one for all; returns the exit code. */
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
