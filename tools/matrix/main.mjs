// npm run test:matrix [-- --quick] [--all] [--only TEXT]: tests the packed tarball in every runtime
// that this machine can run. Exits non-zero if a runtime fails.
// --quick: skips the integration suite.
// --all: runs the suite in every Node for arm64, not only the first, and reports a runtime that
// this machine cannot run as a failure.
// --only: tests only the runtimes whose row begins with TEXT (more than once if need be).
// Without --quick and --all, writes the table "Runtimes" in docs/platforms.md. A run with --only
// replaces its own rows in that table.
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { prepare } from '../../scripts/prepare.mjs';
import { record, recordedRows } from '../page-tables.mjs';
import { hosts } from './hosts.mjs';
import { installTarball } from './installed.mjs';
import { integration, outdatedFailures } from './suite.mjs';

const LIMIT_MS = 1_800_000;
const PAGE = 'docs/platforms.md';
const COMMAND = 'npm run test:matrix';
const COLUMNS = ['require', 'refused', 'garbage collected', 'kill -9', 'server', 'foreign', 'suite'];
const HEADER = [`| runtime | ${COLUMNS.join(' | ')} |`, `|---|${COLUMNS.map(() => '---|').join('')}`];

const flag = { type: 'boolean', default: false };
const { quick, all, only } = parseArgs({
  options: { quick: flag, all: flag, only: { type: 'string', multiple: true } },
}).values;

prepare();
if (!quick && only === undefined) assertUpToDate();
const work = realpathSync(mkdtempSync(join(tmpdir(), 'gateway-lock-matrix-')));
try {
  const listed = hosts(installTarball(work));
  const rows = listed.filter(isSelected).map((host) => ({ ...host, ...(host.missing ? {} : runHost(host)) }));
  if (rows.length === 0) throw new Error(`no runtime begins with ${only}`);
  console.log([...HEADER, ...rows.map(row)].join('\n'));
  const failed = rows.filter(({ failures = [] }) => failures.length > 0);
  // Records only runs without failures, because the row of a failed runtime would look like that of
  // an untested one.
  if (!quick && !all && failed.length === 0) recordRows(listed, rows);
  for (const { title, failures } of failed) console.error(`${title}: ${failures.join('; ')}`);
  const left = rows.filter(({ missing }) => missing).length;
  console.log(`${rows.length - failed.length - left} passed, ${failed.length} failed, ${left} skipped`);
  process.exitCode = failed.length === 0 && (left === 0 || !all) ? 0 : 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}

/** Exits before the long run if known-failures.mjs names tests that do not exist. */
function assertUpToDate() {
  const outdated = outdatedFailures();
  if (outdated.length === 0) return;
  console.error(`tools/matrix/known-failures.mjs names tests that do not exist:\n${outdated.join('\n')}`);
  process.exit(1);
}

function runHost({ title, start }) {
  process.stderr.write(`gateway-lock: ${title}\n`);
  const { command, environment = {}, suite, ended = () => {} } = start();
  const { status, stdout, stderr } = runIntoFiles(command, environment);
  ended();
  if (status !== 0) return { answers: {}, failures: [`${stdout}${stderr}`.trim() || `exit code ${status}`] };
  const answers = JSON.parse(stdout.trim().split('\n').at(-1));
  const wrong = Object.entries(answers).filter(([, answer]) => answer !== true && answer !== 'not tested');
  const failures = wrong.map(([question, answer]) => `${question}: ${answer}`);
  if (suite && !quick && (all || !suite.onlyWithAll)) answers.suite = integration(suite, failures);
  return { answers, failures };
}

/** Redirects the output to files, because Windows programs cannot write to a Unix pipe. */
function runIntoFiles(command, environment) {
  const files = ['stdout', 'stderr'].map((name) => join(work, name));
  const open = files.map((file) => openSync(file, 'w'));
  const { status } = spawnSync(command[0], command.slice(1), {
    cwd: work,
    stdio: ['ignore', ...open],
    timeout: LIMIT_MS,
    env: { ...process.env, GATEWAY_LOCK_TEST_COMMAND: JSON.stringify(command), ...environment },
  });
  open.forEach(closeSync);
  const [stdout, stderr] = files.map((file) => readFileSync(file, 'utf8'));
  return { status, stdout, stderr };
}

function isSelected({ title }) {
  return only === undefined || only.some((start) => title.startsWith(start));
}

/** Writes the rows of this run, and keeps the page's rows of the runtimes that were not selected. */
function recordRows(listed, rows) {
  const earlier = only === undefined ? [] : recordedRows(PAGE, COMMAND);
  const lines = listed.flatMap(({ title }) => {
    const found = rows.find((one) => one.title === title);
    return found ? [row(found)] : earlier.filter((line) => line.startsWith(`| ${title} |`));
  });
  record(PAGE, COMMAND, [...HEADER, ...lines].join('\n'));
}

function row({ title, answers = {}, missing }) {
  if (missing) return `| ${title} | not run: ${missing} |`;
  return `| ${title} | ${COLUMNS.map((column) => cell(answers[column])).join(' | ')} |`;
}

function cell(answer) {
  if (answer === true) return 'yes';
  return answer === undefined || answer === 'not tested' ? '' : String(answer).split('\n')[0];
}
