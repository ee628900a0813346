// npm run test:sanitizers [-- --only address|thread|valgrind] [--scenarios]: builds the addon and the
// test programs of native/os with ASan, UBSan and LSan, runs these programs, the scenarios of
// npm run torture and the tests that use the addon most. Repeats this with TSan, with the tests of
// waiters and worker threads. --scenarios runs only the scenarios. Each process writes its findings
// to a report file, so that they survive if a test kills the process or ignores its exit code.
// valgrind runs only if --only names it: under it Node takes 30 times as long.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { prepare, root, run } from './prepare.mjs';
import { checkWithValgrind } from './valgrind.mjs';

const LIMIT_MS = 420_000;
/** How often the scenarios run, in each of two threads. */
const ROUNDS = 20;
const WORKER_THREADS = 'test/multiprocess/worker-threads.test.ts';

const SCENARIOS = 'the scenarios of npm run torture';

const SANITIZERS = [
  {
    name: 'address,undefined',
    folder: 'build-asan',
    library: 'libasan.so',
    tests: ['test/integration/', WORKER_THREADS],
    // Leaks are checked only in processes that end without process.exit(), which leaves 31 KB of
    // Node's own memory allocated. Most child processes of the tests call it.
    environment: (reports, leaks = false) => ({
      ASAN_OPTIONS: `detect_leaks=${Number(leaks)}:halt_on_error=1:exitcode=66:log_path=${reports}/asan`,
      UBSAN_OPTIONS: `print_stacktrace=1:halt_on_error=1:exitcode=66:log_path=${reports}/ubsan`,
      LSAN_OPTIONS: 'exitcode=66',
    }),
  },
  {
    name: 'thread',
    folder: 'build-tsan',
    library: 'libtsan.so',
    // Only a waiter starts a thread of the addon, and only worker threads share its memory.
    tests: ['test/integration/lock', 'test/integration/with-lock', 'test/integration/gateway-lock', WORKER_THREADS],
    // Node is not instrumented, so TSan does not see how V8 and libuv synchronise and must ignore
    // calls in their code. Threads still running at exit are not reported either: they are not
    // races, and vitest's bundler leaves some.
    environment: (reports) => ({
      TSAN_OPTIONS: `ignore_noninstrumented_modules=1:report_thread_leaks=0:halt_on_error=1:exitcode=66:log_path=${reports}/tsan`,
    }),
  },
];

// Calls every part of the addon in a Node process that ends without process.exit(), so that leaks
// can be checked.
const ADDON_CALLS = `
  const path = require('node:path').join(require('node:fs').mkdtempSync(require('node:os').tmpdir() + '/gateway-lock-'), 'a.lock');
  const addon = require(process.env.GATEWAY_LOCK_PREBUILD + '/build/Release/gateway_lock.node');
  if (!require('node:fs').readFileSync('/proc/self/maps', 'utf8').includes(process.env.GATEWAY_LOCK_PREBUILD)) throw new Error('another addon was loaded');
  for (let i = 0; i < 100; i++) {
    const lock = addon.tryAcquire(path, 0);
    addon.writeRecord(lock, 'record');
    addon.probeLock(path, 0);
    if (addon.tryAcquire(path, 0) !== 'record') throw new Error('held twice');
    try { addon.tryAcquire('/', 0); throw new Error('locked /'); } catch (error) { if (error.code !== 'ERR_LOCK_INVALID_FILE') throw error; }
    const waiter = addon.createWaiter(path, 0, () => {});
    if (addon.retry(waiter) !== 'record' || addon.watch(waiter, process.pid) === 'nothing') throw new Error('held twice, or not watched');
    addon.release(lock);
    addon.release(addon.retry(waiter));
    addon.closeWaiter(waiter);
    const listener = addon.listen('127.0.0.1', 0, 1);
    addon.findListenerPid('127.0.0.1', addon.portOf(listener));
    addon.processStartToken(process.pid);
    addon.closeListener(listener);
  }
  // Leaves a waiter whose thread is still watching when the environment ends.
  addon.tryAcquire(path, 0);
  const left = addon.createWaiter(path, 0, () => {});
  addon.retry(left);
  addon.watch(left, process.pid);
  // Node frees the memory of its own objects only during a garbage collection, and does not collect
  // garbage at exit.
  globalThis.gc();
  setImmediate(() => globalThis.gc());
  process.on('exit', () => require('node:fs').rmSync(require('node:path').dirname(path), { recursive: true }));
`;

const { values } = parseArgs({
  options: { only: { type: 'string', default: '' }, scenarios: { type: 'boolean', default: false } },
});
prepare();
const failures = values.only === 'valgrind' ? checkWithValgrind() : chosen().flatMap((sanitizer) => check(sanitizer));
for (const failure of failures) console.error(`gateway-lock: ${failure}`);
console.error(`gateway-lock: sanitizers ${failures.length === 0 ? 'found nothing' : 'FAILED'}`);
process.exit(failures.length === 0 ? 0 : 1);

function chosen() {
  const sanitizers = SANITIZERS.filter(({ name }) => name.startsWith(values.only));
  if (sanitizers.length === 0) throw new RangeError(`--only must be address, thread or valgrind, not ${values.only}`);
  return sanitizers;
}

/** Returns one sentence for each failure. */
function check(sanitizer) {
  build(sanitizer);
  const reports = mkdtempSync(join(tmpdir(), 'gateway-lock-sanitizers-'));
  try {
    const failed = Object.entries(stages(sanitizer, reports)).filter(
      ([title, stage]) =>
        (!values.scenarios || title === SCENARIOS) && !passes(`${title} with ${sanitizer.name}`, stage),
    );
    return [...failed.map(([title]) => `${title} failed with ${sanitizer.name}`), ...readReports(reports)];
  } finally {
    rmSync(reports, { recursive: true, force: true });
  }
}

function build({ name, folder }) {
  // src/native/load.ts loads the addon from build/Release below GATEWAY_LOCK_PREBUILD.
  const directory = join(root, folder, 'build');
  run(
    'cmake',
    ['-S', '.', '-B', directory, `-DGATEWAY_LOCK_SANITIZE=${name}`, '-DGATEWAY_LOCK_TESTS=ON'],
    `configuring for ${name}`,
  );
  const tests = values.scenarios ? [] : ['os_tests', 'os_tests_darwin'];
  run('cmake', ['--build', directory, '--target', 'gateway_lock', ...tests, '--parallel', '2'], `building for ${name}`);
}

function stages({ folder, library, tests, environment }, reports) {
  const preloaded = { LD_PRELOAD: runtime(library), GATEWAY_LOCK_PREBUILD: join(root, folder) };
  return {
    'the test program of native/os': [join(root, folder, 'build/tests/os_tests'), [], environment(reports, true)],
    'the test program of the macOS files': [
      join(root, folder, 'build/tests/os_tests_darwin'),
      [],
      environment(reports, true),
    ],
    'the addon alone': [
      process.execPath,
      ['--expose-gc', '-e', ADDON_CALLS],
      { ...preloaded, ...environment(reports, true) },
    ],
    [SCENARIOS]: [
      process.execPath,
      ['--expose-gc', join(root, 'test/torture/unkilled.mjs'), String(ROUNDS), `${reports}-scenarios`],
      { ...preloaded, ...environment(reports, true) },
    ],
    'the tests': [
      process.execPath,
      [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--reporter=dot', ...tests],
      { ...preloaded, ...environment(reports) },
    ],
  };
}

function passes(title, [command, args, env]) {
  process.stderr.write(`gateway-lock: ${title}\n`);
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    timeout: LIMIT_MS,
    env: { ...process.env, ...env },
  });
  if (error) console.error(error.message);
  return status === 0;
}

/**
 * Returns the path of the compiler's sanitizer runtime, which LD_PRELOAD must load before Node's
 * other libraries.
 */
function runtime(library) {
  return execFileSync('c++', [`-print-file-name=${library}`], { encoding: 'utf8' }).trim();
}

function readReports(folder) {
  return readdirSync(folder).map((file) => `report ${file}:\n${readFileSync(join(folder, file), 'utf8')}`);
}
