// npm run soak [-- --minutes N] [--json FILE]: repeats what a long-lived process does (waits,
// probes, binds, gateways, upgrades) for 30 minutes, and fails if memory, descriptors or threads
// grow. --sabotage memory|descriptors leaks on purpose, so the run must fail.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { growthOf, memoryGrowth } from '../test/soak/verdict.mjs';
import { prepare, root } from './prepare.mjs';

/** Samples between two lines of progress. */
const PROGRESS = 10;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    json: { type: 'string' },
    sabotage: { type: 'string', default: '' },
  },
});
if (process.platform !== 'linux') {
  console.error('gateway-lock: npm run soak needs Linux, whose /proc lists descriptors and threads');
  process.exit(1);
}
prepare();
const directory = mkdtempSync(join(tmpdir(), 'gateway-lock-soak-'));
const samples = [];
let status = 1;
try {
  status = await soak(Number(values.minutes) * 60);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
if (values.json) writeFileSync(values.json, JSON.stringify(samples));
process.exit(report(status));

function soak(seconds) {
  const script = join(root, 'test/soak/run.mjs');
  const child = spawn(process.execPath, ['--expose-gc', script, String(seconds), directory, values.sabotage], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    samples.push(JSON.parse(line));
    if (samples.length % PROGRESS === 0) console.error(progressOf(samples.at(-1)));
  });
  return new Promise((resolve) => child.once('close', (code) => resolve(code ?? 1)));
}

function report(code) {
  const problems = code === 0 ? growthOf(samples) : [`the process ended with ${code}`];
  for (const problem of problems) console.log(`soak: FAILED ${problem}`);
  if (samples.length > 0) {
    const { bytes, rounds } = memoryGrowth(samples);
    console.log(`soak: ${progressOf(samples.at(-1))}; in the second half ${bytes} bytes more in ${rounds} rounds`);
    console.log(`soak: ${JSON.stringify(samples.at(-1).counts)}`);
  }
  return problems.length === 0 ? 0 : 1;
}

function progressOf({ atMs, rounds, files, threads, rss }) {
  const mib = (rss / 1024 / 1024).toFixed(1);
  return `${Math.round(atMs / 1000)} s, ${rounds} rounds, ${mib} MiB, ${files} descriptors, ${threads} threads`;
}
