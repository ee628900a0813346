// Finds Python, and installs the package filelock into a virtual environment.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Missing } from './capabilities.js';

const INSTALL_MS = 60_000;

/**
 * The path of the Python interpreter itself, because a version manager's shim would search the home
 * directory that a test sets.
 */
export const python: string = run('python3', '-c', 'import sys; print(sys.executable)').out;

export const whyNoFcntl: Missing =
  python !== '' && run(python, '-c', 'import fcntl').ok ? null : 'needs python3 with the module fcntl';

/**
 * A Python with the package filelock, which is installed once per machine. Empty if the
 * installation failed.
 */
export const filelockPython: string = whyNoFcntl === null ? prepareFilelock() : '';

export const whyNoFilelock: Missing =
  filelockPython === '' ? 'needs the Python package filelock, which pip cannot install here' : null;

function prepareFilelock(): string {
  const uid = process.getuid?.() ?? 0;
  const environment = join(tmpdir(), `gateway-lock-filelock-${uid}`);
  if (!existsSync(join(environment, 'bin/python'))) installInto(environment);
  const found = join(environment, 'bin/python');
  return run(found, '-c', 'import filelock').ok ? found : '';
}

/**
 * Installs filelock into a temporary directory and then renames it, so that an interrupted or
 * concurrent installation leaves no partial result.
 */
function installInto(environment: string): void {
  const draft = mkdtempSync(`${environment}-`);
  try {
    const made = run(python, '-m', 'venv', draft).ok;
    if (made && run(join(draft, 'bin/pip'), 'install', '--quiet', 'filelock').ok) renameSync(draft, environment);
  } catch {
    // Another process has installed filelock in the meantime.
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

function run(file: string, ...args: string[]): { ok: boolean; out: string } {
  const { status, stdout } = spawnSync(file, args, { encoding: 'utf8', timeout: INSTALL_MS });
  return { ok: status === 0, out: (stdout ?? '').trim() };
}
