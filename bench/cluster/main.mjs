// npm run bench -- --only cluster: installs the other lock libraries, bundles and runs
// bench/cluster/measure.mjs, and prints a table of the figures.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));
const here = join(root, 'bench/cluster');
const PEERS = { 'gateway-lock etcd': null, 'gateway-lock postgres': 'pg', etcd3: 'etcd3', redlock: 'redlock' };

/** @returns {Promise<object>} the figures by library */
export async function measureCluster() {
  if (!existsSync(join(here, 'node_modules'))) {
    const args = ['install', '--no-audit', '--no-fund', '--no-package-lock'];
    const { status, stderr } = spawnSync('npm', args, { cwd: here, encoding: 'utf8', timeout: 300_000 });
    if (status !== 0) throw new Error(`npm install failed: ${stderr}`);
  }
  const figures = await measure();
  for (const [kind, peer] of Object.entries(PEERS)) figures[kind] = { ...figures[kind], ...weightOf(peer) };
  return figures;
}

async function measure() {
  const outdir = mkdtempSync(join(root, 'node_modules/.gateway-lock-bench-'));
  try {
    const outfile = join(outdir, 'measure.mjs');
    const form = { bundle: true, format: 'esm', platform: 'node', target: 'node20.19', packages: 'external' };
    await build({ ...form, entryPoints: [join(here, 'measure.mjs')], outfile });
    const options = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], timeout: 600_000 };
    const { status, stdout } = spawnSync(process.execPath, [outfile, root], options);
    if (status !== 0) throw new Error(`the measurement ended with ${status}`);
    return JSON.parse(stdout.trim().split('\n').at(-1));
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

/**
 * Measures the time to import a library in a new process, and counts the packages to install
 * besides gateway-lock.
 */
function weightOf(peer) {
  const module = peer === null || peer === 'pg' ? 'gateway-lock/cluster' : peer;
  const times = Array.from({ length: 7 }, () => importMs(module, peer === null || peer === 'pg' ? root : here));
  return { importMs: times.sort((a, b) => a - b)[3], packages: packagesOf(peer) };
}

function importMs(module, cwd) {
  const code = `const t = process.hrtime.bigint(); await import('${module}'); console.log(Number(process.hrtime.bigint() - t) / 1e6)`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', code], { cwd, encoding: 'utf8' });
  return Math.round(Number(stdout) * 10) / 10;
}

function packagesOf(peer) {
  if (peer === null) return 0;
  const directory = mkdtempSync(join(here, '.weigh-'));
  try {
    const wanted = peer === 'redlock' ? ['redlock@5.0.0-beta.2', 'ioredis@5.4.1'] : [peer];
    writeFileSync(join(directory, 'package.json'), '{}');
    spawnSync('npm', ['install', '--no-audit', '--no-fund', ...wanted], { cwd: directory, timeout: 120_000 });
    const list = readdirSync(join(directory, 'node_modules')).filter((name) => !name.startsWith('.'));
    return list.flatMap((name) => (name.startsWith('@') ? readdirSync(join(directory, 'node_modules', name)) : [name]))
      .length;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const ROWS = {
  'acquire a free lock': ({ acquireMs }) => range(acquireMs),
  'release until the waiter holds': ({ releaseToWaiterMs }) => range(releaseToWaiterMs),
  'kill -9, waiter on the same host': ({ killToSameHostMs: ms }) => (ms === null ? '-' : range(ms)),
  'kill -9, waiter on another host': ({ killToOtherHostMs }) => range(killToOtherHostMs),
  'overlap of two holders in a partition': ({ partition }) =>
    partition.max > 0 ? range(partition) : `none; gap of at least ${-partition.max} ms`,
  'CPU while a lock is held': ({ idleCpuPercent }) => `${idleCpuPercent.toFixed(2)} %`,
  import: ({ importMs: ms }) => `${ms} ms`,
  'packages to install': ({ packages }) => String(packages),
};

function range({ min, p50, max }) {
  return `${min} / ${p50} / ${max} ms`;
}

export function clusterTable(figures) {
  const kinds = Object.keys(figures);
  const row = (cells) => `| ${cells.join(' | ')} |`;
  const lines = Object.entries(ROWS).map(([name, cell]) => row([name, ...kinds.map((kind) => cell(figures[kind]))]));
  return [row(['min / median / max', ...kinds]), row(['---', ...kinds.map(() => '---')]), ...lines].join('\n');
}
