// Runs commands for the scripts. Progress goes to stderr, so that stdout contains only the output of
// the command that the user called.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Returns the path of the script behind a package's command, for run() or show(). On Windows
 * node_modules/.bin contains .cmd files, which only a shell can start.
 */
export function bin(name) {
  const { packages } = JSON.parse(readFileSync(join(root, 'node_modules/.package-lock.json'), 'utf8'));
  // Ignores packages in nested node_modules folders.
  const topLevel = Object.entries(packages).filter(([folder]) => folder.lastIndexOf('node_modules/') === 0);
  const [folder, { bin: programs }] = topLevel.find(([, found]) => found.bin?.[name]);
  return join(root, folder, programs[name]);
}

/** Runs a command without showing its output. If it fails, prints the whole output and exits. */
export function run(command, args, title, options = {}) {
  process.stderr.write(`gateway-lock: ${title}\n`);
  const [program, ...all] = startable(command, args);
  const { status, stdout, stderr, error } = spawnSync(program, all, { cwd: root, encoding: 'utf8', ...options });
  if (status === 0) return;
  fail(`${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}\ngateway-lock: ${title} failed`);
}

/** Runs a command and shows its output. Returns its exit status, or 1 if it did not start or a signal ended it. */
export function show(command, args, env = {}) {
  const [program, ...all] = startable(command, args);
  const { status, error } = spawnSync(program, all, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
  if (error) process.stderr.write(`gateway-lock: ${error.message}\n`);
  return status ?? 1;
}

/**
 * Returns the command line to start. Scripts, package commands and npm run in the Node that runs
 * this script, not the one in PATH.
 */
function startable(command, args) {
  if (command === 'node') return [process.execPath, ...args];
  if (command.includes(`${sep}node_modules${sep}`)) return [process.execPath, command, ...args];
  const npm = process.env.npm_execpath ?? '';
  return command === 'npm' && basename(npm) === 'npm-cli.js' ? [process.execPath, npm, ...args] : [command, ...args];
}

export function fail(text) {
  process.stderr.write(`${text}\n`);
  process.exit(1);
}
