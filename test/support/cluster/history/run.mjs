// Bundles main.ts and worker.ts, and runs a history in a separate process, in a new network
// namespace if this process may create one.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../../../..', import.meta.url));
const directory = fileURLToPath(new URL('.', import.meta.url));
const CAN_ISOLATE = ['ip link set lo up', 'iptables -w -I INPUT -s 127.0.1.1 -j DROP'].join(' && ');

/**
 * @param {{ kind: 'etcd' | 'postgres', seconds: number, module?: string }} options `module` is the
 *   path of another build of gateway-lock/cluster
 * @returns {Promise<Record<string, any>>} the verdict that main.ts prints
 */
export async function runHistory({ kind, seconds, module }) {
  // The bundles are inside this repository so that they find the package pg.
  const outdir = mkdtempSync(join(root, 'node_modules/.gateway-lock-history-'));
  try {
    const names = ['main', 'worker'];
    const entryPoints = names.map((name) => ({ in: join(directory, `${name}.ts`), out: name }));
    const form = { bundle: true, format: 'esm', platform: 'node', target: 'node20.19', packages: 'external' };
    await build({ ...form, entryPoints, outdir, outExtension: { '.js': '.mjs' } });
    return await run(join(outdir, 'main.mjs'), [kind, String(seconds), root, ...(module ? [module] : [])], seconds);
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

async function run(script, args, seconds) {
  const isolated = spawnSync('unshare', ['-n', 'sh', '-c', CAN_ISOLATE]).status === 0;
  const command = [...(isolated ? ['unshare', '-n'] : []), process.execPath, script, ...args];
  const env = { ...process.env, GATEWAY_LOCK_PREBUILD: root, ...(isolated ? { HISTORY_NAMESPACE: '1' } : {}) };
  const child = spawn(command[0], command.slice(1), { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) child[name].on('data', (chunk) => (output[name] += chunk));
  const timer = setTimeout(() => child.kill('SIGKILL'), (seconds + 120) * 1000);
  const [code, signal] = await once(child, 'close');
  clearTimeout(timer);
  if (code !== 0) throw new Error(`the history ended with ${code ?? signal}:\n${output.stdout}${output.stderr}`);
  return JSON.parse(output.stdout.trim().split('\n').at(-1));
}
