// Builds gateway-lock/cluster with a planted fault, for control cases in which the fault must be
// found.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { onTestFinished } from 'vitest';

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** The replacement of a text in a source file. */
type Edit = readonly [file: string, from: string, to: string];

/** Planted faults by name. */
export const FAULTS = {
  'no margin, and the deadline counts from the response': [
    ['src/cluster/lease.ts', 'sentAtMs + grantedMs - this.times.marginMs', 'this.#clock() + grantedMs'],
  ],
  'the claim does not check its own key after the wait': [
    [
      'src/cluster/engines/etcd/claim.ts',
      'if (read.kvs[0]?.createRevision !== createRevision) throw',
      'if (false) throw',
    ],
  ],
  'the clock stops in suspend': [
    ['src/cluster/lease.ts', 'return native().bootClockMs();', 'return performance.now();'],
  ],
  'the deadline is ignored': [
    [
      'src/cluster/lease.ts',
      'if (this.#deadlineMs === null || this.#clock() < this.#deadlineMs) return false;',
      'return false;',
    ],
  ],
} as const satisfies Record<string, readonly Edit[]>;

export type Fault = keyof typeof FAULTS;

let builds = 0;

/**
 * Builds gateway-lock/cluster with the fault, if any. Returns the path of the built file, which is
 * removed after the test.
 */
export async function buildWith(fault: Fault | null): Promise<string> {
  const edits: readonly Edit[] = fault === null ? [] : FAULTS[fault];
  const outfile = join(ROOT, `dist/cluster/.control-${process.pid}-${++builds}.mjs`);
  onTestFinished(() => rmSync(outfile, { force: true }));
  const planted = new Set<Edit>();
  await build({
    absWorkingDir: ROOT,
    entryPoints: ['src/cluster/index.ts'],
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    packages: 'external',
    outfile,
    plugins: [
      {
        name: 'faults',
        setup: ({ onLoad }) =>
          onLoad({ filter: /src\/cluster\/.*\.ts$/ }, ({ path }) => {
            let contents = readFileSync(path, 'utf8');
            for (const edit of edits.filter(([file]) => path === join(ROOT, file))) {
              if (contents.split(edit[1]).length !== 2) throw new Error(`${edit[0]} has not exactly one '${edit[1]}'`);
              contents = contents.replace(edit[1], edit[2]);
              planted.add(edit);
            }
            return { contents, loader: 'ts' };
          }),
      },
    ],
  });
  if (planted.size !== edits.length) throw new Error(`an edit of '${fault}' was not applied`);
  return outfile;
}

/** Builds gateway-lock/cluster with the fault and imports it. */
export async function importWith(fault: Fault | null): Promise<typeof import('../../../src/cluster/index.js')> {
  return import(pathToFileURL(await buildWith(fault)).href);
}
