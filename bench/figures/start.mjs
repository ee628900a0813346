// Measures the time of an import, and of a process whose gateway start or lock attempt is refused.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { withContestants } from '../contestants.mjs';
import { figure } from '../statistics.mjs';
import { freePort, freshDirectory, freshPath } from '../temporary.mjs';

const HERE = fileURLToPath(new URL('..', import.meta.url));
const execute = promisify(execFile);

/**
 * The code to measure for each contestant: the import, plus one call if native code is loaded only
 * on the first call.
 */
const IMPORTS = {
  floor: "await import('./empty.mjs')",
  'better-sqlite3': "const { default: Database } = await import('better-sqlite3'); new Database(':memory:')",
  'fs-ext': "await import('fs-ext')",
  'fs-native-extensions': "await import('fs-native-extensions')",
  lockfile: "await import('lockfile')",
  'os-lock': "await import('os-lock')",
  'proper-lockfile': "await import('proper-lockfile')",
};

/** The whole package. */
export const imports = (bench) => importsOf(bench, 'index');
/** The entry point gateway-lock/lock, which contains what the peers contain: file locks. */
export const import_lock = (bench) => importsOf(bench, 'lock/index');

async function importsOf({ effort, peers }, entry) {
  const ours = `const { probeLock } = await import('../dist/${entry}.js'); probeLock('/nonexistent/lock')`;
  const codes = { ...IMPORTS, ours };
  const ready = peers.ready.filter((name) => IMPORTS[name]);
  const nothing = peers.ready.filter((name) => !IMPORTS[name]).map((name) => [name, 'is not a module']);
  const samples = await inTurn(['floor', 'ours', ...ready], effort, (name) => importOnce(codes[name]));
  return figure('ms', samples, { ...peers.missing, ...Object.fromEntries(nothing) });
}

async function importOnce(measured) {
  const code = `import { writeSync } from 'node:fs';
    const start = process.hrtime.bigint();
    ${measured};
    writeSync(1, String(process.hrtime.bigint() - start));`;
  const { stdout } = await execute(process.execPath, ['--input-type=module', '-e', code], { cwd: HERE });
  return Number(stdout) / 1e6;
}

/**
 * Measures a process from start to exit. The floor is `node -e 0`. This package starts a gateway,
 * which is refused because another one is running. A peer makes one refused attempt.
 */
export async function refused_process({ effort, peers }) {
  const state = freshDirectory();
  const port = await freePort();
  return withContestants(['ours', ...peers.ready], async ([gateway, ...holders]) => {
    await gateway.ask('holdGateway', state, port);
    const paths = {};
    for (const holder of holders) {
      paths[holder.name] = freshPath();
      await holder.ask('hold', paths[holder.name]);
    }
    const env = { ...process.env, GATEWAY_STATE_DIR: state, GATEWAY_GATEWAY_PORT: String(port) };
    const names = ['floor', 'ours', ...holders.map((holder) => holder.name)];
    const samples = await inTurn(names, effort, (name) => processOnce(name, paths[name] ?? state, env));
    return figure('ms', samples, peers.missing);
  });
}

async function processOnce(name, path, env) {
  const args = name === 'floor' ? ['-e', '0'] : ['refused-start.mjs', name, path];
  const start = performance.now();
  await execute(process.execPath, args, { cwd: HERE, env });
  return performance.now() - start;
}

async function inTurn(names, { starts, seconds }, once) {
  const samples = Object.fromEntries(names.map((name) => [name, []]));
  const deadline = performance.now() + seconds * 1000;
  for (let round = 0; round < starts && (round === 0 || performance.now() < deadline); round++) {
    for (const name of names) samples[name].push(await once(name));
  }
  return samples;
}
