// Bundles the history and its worker, which are TypeScript, and runs them in a process of their own: in a network namespace if
// this process may make one.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../../../..', import.meta.url));
const folder = fileURLToPath(new URL('.', import.meta.url));
const MAY_ISOLATE = ['ip link set lo up', 'iptables -w -I INPUT -s 127.0.1.1 -j DROP'].join(' && ');

/**
 * @param {{ kind: 'etcd' | 'postgres', seconds: number, module?: string }} options `module`: another build of gateway-lock/cluster
 * @returns {Promise<Record<string, any>>} what main.ts prints
 */
export async function runHistory({ kind, seconds, module }) {
  // Inside the tree, so that the package pg is found.
  const outdir = mkdtempSync(join(root, 'node_modules/.gateway-lock-history-'));
  try {
    const names = ['main', 'worker'];
    const entryPoints = names.map((name) => ({ in: join(folder, `${name}.ts`), out: name }));
    const form = { bundle: true, format: 'esm', platform: 'node', target: 'node20.19', packages: 'external' };
    await build({ ...form, entryPoints, outdir, outExtension: { '.js': '.mjs' } });
    return await run(join(outdir, 'main.mjs'), [kind, String(seconds), root, ...(module ? [module] : [])], seconds);
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

async function run(script, args, seconds) {
  const isolated = spawnSync('unshare', ['-n', 'sh', '-c', MAY_ISOLATE]).status === 0;
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
