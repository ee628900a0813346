// npm run test:matrix [-- --quick] [--all]: tests the packed tarball in every runtime that this
// machine can run. Exits non-zero if a runtime fails.
// --quick: skips the integration suite.
// --all: runs the suite in every Node for arm64, not only the first, and reports a runtime that
// this machine cannot run as a failure.
// Without --quick and --all, writes the table "Runtimes" in docs/platforms.md.
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepare } from '../../scripts/prepare.mjs';
import { record } from '../page-tables.mjs';
import { hosts } from './hosts.mjs';
import { installTarball } from './installed.mjs';
import { integration, outdatedFailures } from './suite.mjs';

const LIMIT_MS = 300_000;
const quick = process.argv.includes('--quick');
const all = process.argv.includes('--all');

prepare();
if (!quick) assertUpToDate();
const work = realpathSync(mkdtempSync(join(tmpdir(), 'gateway-lock-matrix-')));
try {
  const installed = installTarball(work);
  const rows = hosts(installed).map((host) => ({ ...host, ...(host.missing ? {} : runHost(host)) }));
  const table = [...header(rows), ...rows.map(row)].join('\n');
  console.log(table);
  const failed = rows.filter(({ failures = [] }) => failures.length > 0);
  // Records only complete runs without failures, because the row of a failed runtime would look
  // like that of an untested one.
  if (!quick && !all && failed.length === 0) record('docs/platforms.md', 'npm run test:matrix', table);
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

function runHost({ title, command, environment = {}, suite, ended = () => {} }) {
  process.stderr.write(`gateway-lock: ${title}\n`);
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

function header(rows) {
  const questions = [...new Set(rows.flatMap(({ answers = {} }) => Object.keys(answers)))];
  rows.questions = questions;
  return [`| runtime | ${questions.join(' | ')} |`, `|---|${questions.map(() => '---|').join('')}`];
}

function row({ title, answers = {}, missing }, _index, rows) {
  if (missing) return `| ${title} | not run: ${missing} |`;
  return `| ${title} | ${rows.questions.map((question) => cell(answers[question])).join(' | ')} |`;
}

function cell(answer) {
  if (answer === true) return 'yes';
  return answer === undefined || answer === 'not tested' ? '' : String(answer).split('\n')[0];
}
