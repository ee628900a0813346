// npm run bench -- --only restart: bundles and runs bench/restart/measure.mjs.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));
const here = join(root, 'bench/restart');
/** Longer than the sum of the time limits of all rows. */
const LIMIT_MS = 600_000;

/** @returns {Promise<object>} the results of all rows */
export async function measureRestarts() {
  const outdir = mkdtempSync(join(root, 'node_modules/.gateway-lock-bench-'));
  try {
    const outfile = join(outdir, 'measure.mjs');
    await bundle(outfile);
    const options = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], timeout: LIMIT_MS };
    const { status, stdout } = spawnSync(process.execPath, [outfile], options);
    if (status !== 0) throw new Error(`the measurement ended with ${status}`);
    return JSON.parse(stdout.trim().split('\n').at(-1));
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

/** Bundles the measurement with the helpers of the tests, which are in TypeScript. */
function bundle(outfile) {
  return build({
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    packages: 'external',
    alias: { vitest: join(here, 'cleanup.mjs') },
    plugins: [keepModuleUrls],
    entryPoints: [join(here, 'measure.mjs')],
    outfile,
  });
}

/** Each module finds its fixtures beside itself, and not beside the bundle. */
const keepModuleUrls = {
  name: 'keep-module-urls',
  setup: ({ onLoad }) => {
    onLoad({ filter: /\/(?:src|test|bench)\/.*\.(?:ts|mjs)$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href)),
      loader: path.endsWith('.ts') ? 'ts' : 'js',
    }));
  },
};
