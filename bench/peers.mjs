// Installs the peers into bench/node_modules. Reports why a peer cannot be installed.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const INSTALL_MS = 300_000;
/** Peers that need no npm package. */
const WITHOUT_PACKAGE = ['o-excl-json', 'flock-1'];

/** @returns {{ ready: string[], missing: Record<string, string> }} */
export function preparePeers(wanted) {
  if (!wanted) return { ready: [], missing: {} };
  const failure = existsSync(`${HERE}node_modules/.package-lock.json`) ? '' : install();
  const names = readdirSync(`${HERE}locks`).map((file) => file.replace('.mjs', ''));
  const peers = names.filter((name) => name !== 'ours');
  const missing = Object.fromEntries(peers.flatMap((name) => reasonFor(name, failure)));
  return { ready: peers.filter((name) => missing[name] === undefined), missing };
}

function install() {
  process.stderr.write('gateway-lock: installing the peers (once; some are compiled, which takes 2 or 3 minutes)\n');
  const args = ['install', '--no-audit', '--no-fund', '--no-package-lock', '--foreground-scripts=false'];
  const { status, stderr, error } = spawnSync('npm', args, { cwd: HERE, encoding: 'utf8', timeout: INSTALL_MS });
  return status === 0 ? '' : `npm install failed: ${lastLine(stderr ?? '') || error?.message}`;
}

/** Returns [[name, reason]] if the peer cannot be loaded in a new process, otherwise []. */
function reasonFor(name, failure) {
  if (name === 'flock-1') return spawnSync('flock', ['--version']).error ? [[name, 'flock(1) is not installed']] : [];
  if (WITHOUT_PACKAGE.includes(name)) return [];
  const args = ['--input-type=module', '-e', `await import('./locks/${name}.mjs')`];
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: HERE, encoding: 'utf8', timeout: 30_000 });
  if (status === 0) return [];
  return [[name, failure || (stderr.match(/^\w*Error.*$/m)?.[0] ?? 'cannot be loaded')]];
}

function lastLine(text) {
  const lines = text.split('\n').filter((line) => /npm err/i.test(line));
  return lines[1] ?? lines[0] ?? '';
}
