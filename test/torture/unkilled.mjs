// Usage: unkilled.mjs ROUNDS DIRECTORY
// Runs every scenario without a tracer, for sanitizers and valgrind, which check the addon
// themselves: in the main thread and in a worker thread at the same time, so that the threads use
// the addon's tables together. Ends without process.exit(), which would leave Node's own memory
// allocated and so hide leaks.
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { holdFirst, prepare, SCENARIOS } from './scenarios.mjs';

/** The thread that waiters share ends 100 ms after the last wait. Milliseconds. */
const SETTLE_MS = 300;

const [rounds, directory, inheriting = new Int32Array(new SharedArrayBuffer(4))] = isMainThread
  ? process.argv.slice(2)
  : workerData;
const worker = isMainThread ? startWorker() : null;
const own = join(directory, isMainThread ? 'main' : 'worker');
mkdirSync(own, { recursive: true });
const port = await freePort();
for (let round = 0; round < Number(rounds); round++) {
  for (const name of Object.keys(SCENARIOS)) await run(name);
}
await sleep(SETTLE_MS);
assertLoaded(process.env.GATEWAY_LOCK_PREBUILD);
if (worker !== null) {
  await new Promise((resolve, reject) => worker.once('error', reject).once('exit', resolve));
  rmSync(directory, { recursive: true, force: true });
  // Node frees the memory of its own objects only during a garbage collection.
  globalThis.gc?.();
  setImmediate(() => globalThis.gc?.());
  console.log(`${rounds} rounds of ${Object.keys(SCENARIOS).length} scenarios in two threads`);
}

function startWorker() {
  return new Worker(new URL(import.meta.url), { workerData: [rounds, directory, inheriting] });
}

/**
 * exec() makes descriptors inheritable before it fails, so a child that the other thread starts at
 * that moment would keep them.
 */
async function run(name) {
  if (!SCENARIOS[name].leavesChild) return runScenario(name);
  while (Atomics.compareExchange(inheriting, 0, 0, 1) !== 0) await sleep(1);
  await runScenario(name);
  Atomics.store(inheriting, 0, 0);
}

async function runScenario(name) {
  const fixture = prepare(name, own, port);
  const holder = await holdFirst(name, fixture);
  holder.begin();
  try {
    // A program that is missing, so that the process goes on after the scenario with exec().
    await SCENARIOS[name].run(fixture, { program: join(own, 'missing') });
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  holder.end();
  for (const step of fixture.cleanup.reverse()) await step();
}

/** Throws if this process has loaded another addon than that in `folder`. */
function assertLoaded(folder) {
  const loaded = readFileSync('/proc/self/maps', 'utf8');
  if (folder !== undefined && !loaded.includes(`${folder}/build/Release/`)) throw new Error('another addon was loaded');
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port: free } = server.address();
      server.close(() => resolve(free));
    });
  });
}
