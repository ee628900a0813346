// Usage: node --expose-gc run.mjs SECONDS DIRECTORY [SABOTAGE]
// Repeats the cycles, and prints one line of JSON after each sample: the numbers of rounds, open
// files and threads, and the resident memory in bytes. SABOTAGE makes each round leak 1 MiB of
// memory or a descriptor, to show that the check finds it.
import { openSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { CYCLES, prepare } from './cycles.mjs';

const [seconds, directory, sabotage = ''] = process.argv.slice(2);
/** Samples in a run, and the least number of samples on a busy machine. */
const SAMPLES = 100;
const MIN_SAMPLES = 8;
/**
 * How long to wait for the threads and descriptors of ended waits and connections, in milliseconds.
 */
const SETTLE_MS = 10_000;
const leaked = [];

const fixture = prepare(directory);
const counts = Object.fromEntries(Object.keys(CYCLES).map((name) => [name, 0]));
let rounds = 0;
// The first round runs every cycle, and loads what stays in the process.
await round();
await sleep(1000);
const first = await settled({ files: Number.POSITIVE_INFINITY, threads: Number.POSITIVE_INFINITY });
const started = performance.now();
const endAt = started + Number(seconds) * 1000;
for (let sample = 1; sample <= MIN_SAMPLES || performance.now() < endAt; sample++) {
  const until = performance.now() + (Number(seconds) * 1000) / SAMPLES;
  do await round();
  while (performance.now() < until);
  globalThis.gc();
  const { files, threads } = await settled(first);
  const { rss, heapUsed, external } = process.memoryUsage();
  const atMs = Math.round(performance.now() - started);
  console.log(JSON.stringify({ atMs, rounds, files, threads, rss, heapUsed, external, counts }));
}

async function round() {
  for (const [name, { every, run }] of Object.entries(CYCLES)) {
    if (rounds % every !== 0) continue;
    await run(fixture);
    counts[name]++;
  }
  if (sabotage === 'descriptors') openSync('/dev/null', 'r');
  if (sabotage === 'memory') leaked.push(Buffer.alloc(1024 * 1024, 1));
  rounds++;
}

/** Waits until no more files and threads are left than in `most`, or SETTLE_MS have passed. */
async function settled(most) {
  const deadline = performance.now() + SETTLE_MS;
  while ((count('fd') > most.files || count('task') > most.threads) && performance.now() < deadline) await sleep(20);
  return { files: count('fd'), threads: count('task') };
}

function count(folder) {
  return readdirSync(`/proc/self/${folder}`).length;
}
