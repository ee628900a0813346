// The peers, installed into bench/node_modules by the bench only. One that cannot be had is named with its reason.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const INSTALL_MS = 300_000;
/** They have nothing to install. */
const OF_THE_SYSTEM = ['o-excl-json', 'flock-1'];

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
  process.stderr.write('gateway-lock: installing the peers (some are compiled: 2 or 3 minutes, once)\n');
  const args = ['install', '--no-audit', '--no-fund', '--no-package-lock', '--foreground-scripts=false'];
  const { status, stderr, error } = spawnSync('npm', args, { cwd: HERE, encoding: 'utf8', timeout: INSTALL_MS });
  return status === 0 ? '' : `npm install failed: ${lastLine(stderr ?? '') || error?.message}`;
}

/** Loaded in a process of its own, as it will be. */
function reasonFor(name, failure) {
  if (name === 'flock-1') return spawnSync('flock', ['--version']).error ? [[name, 'no flock(1) here']] : [];
  if (OF_THE_SYSTEM.includes(name)) return [];
  const args = ['--input-type=module', '-e', `await import('./locks/${name}.mjs')`];
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: HERE, encoding: 'utf8', timeout: 30_000 });
  if (status === 0) return [];
  return [[name, failure || (stderr.match(/^\w*Error.*$/m)?.[0] ?? 'does not load')]];
}

function lastLine(text) {
  const lines = text.split('\n').filter((line) => /npm err/i.test(line));
  return lines[1] ?? lines[0] ?? '';
}
