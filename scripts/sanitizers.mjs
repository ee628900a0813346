// npm run test:sanitizers: the addon and the test program of native/os with ASan + UBSan and with TSan, under
// the tests that call it most. Each process that finds something writes a report, so that one which a test
// kills anyway, or whose exit code nobody reads, counts too.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepare, root, run } from './prepare.mjs';

const LIMIT_MS = 420_000;
const TESTS = ['test/integration/', 'test/multiprocess/worker-threads.test.ts'].filter((path) =>
  existsSync(join(root, path)),
);

const SANITIZERS = [
  {
    name: 'address,undefined',
    folder: 'build-asan',
    library: 'libasan.so',
    // Leaks are looked for where a process ends by itself. process.exit(), which ends most of the tests' children,
    // leaves 31 KB of Node's own behind.
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
    // Node is not instrumented: V8 and libuv synchronise in ways that TSan does not see, and only those calls
    // are left out that they make themselves. A thread that never ended is no race: the bundler of vitest has some.
    environment: (reports) => ({
      TSAN_OPTIONS: `ignore_noninstrumented_modules=1:report_thread_leaks=0:halt_on_error=1:exitcode=66:log_path=${reports}/tsan`,
    }),
  },
];

// What the addon does without a JavaScript caller's help, in a Node that ends by itself.
const LIFE = `
  const path = require('node:path').join(require('node:fs').mkdtempSync(require('node:os').tmpdir() + '/gateway-lock-'), 'a.lock');
  const addon = require(process.env.GATEWAY_LOCK_PREBUILD + '/build/Release/gateway_lock.node');
  if (!require('node:fs').readFileSync('/proc/self/maps', 'utf8').includes(process.env.GATEWAY_LOCK_PREBUILD)) throw new Error('another addon was loaded');
  for (let i = 0; i < 100; i++) {
    const lock = addon.tryAcquire(path, 0);
    addon.writeRecord(lock, 'record');
    addon.probeLock(path, 0);
    if (addon.tryAcquire(path, 0) !== 'record') throw new Error('held twice');
    try { addon.tryAcquire('/', 0); throw new Error('locked /'); } catch (error) { if (error.code !== 'ERR_LOCK_INVALID_FILE') throw error; }
    const contender = addon.createWaiter(path, 0, () => {});
    if (addon.retry(contender) !== 'record' || addon.watch(contender, process.pid) === 'nothing') throw new Error('held twice, or not watched');
    addon.release(lock);
    addon.release(addon.retry(contender));
    addon.closeWaiter(contender);
    const listener = addon.listen('127.0.0.1', 0, 1);
    addon.findListenerPid('127.0.0.1', addon.portOf(listener));
    addon.processStartToken(process.pid);
    addon.closeListener(listener);
  }
  // One that is left waiting at the end of the environment, with its thread.
  addon.tryAcquire(path, 0);
  const left = addon.createWaiter(path, 0, () => {});
  addon.retry(left);
  addon.watch(left, process.pid);
  // Node frees what its own objects own only when it collects them, and at the exit it collects nothing.
  globalThis.gc();
  setImmediate(() => globalThis.gc());
  process.on('exit', () => require('node:fs').rmSync(require('node:path').dirname(path), { recursive: true }));
`;

prepare();
const failures = SANITIZERS.flatMap((sanitizer) => check(sanitizer));
for (const failure of failures) console.error(`gateway-lock: ${failure}`);
console.error(`gateway-lock: sanitizers ${failures.length === 0 ? 'found nothing' : 'FAILED'}`);
process.exit(failures.length === 0 ? 0 : 1);

/** Returns what failed, in words. */
function check(sanitizer) {
  build(sanitizer);
  const reports = mkdtempSync(join(tmpdir(), 'gateway-lock-sanitizers-'));
  try {
    const failed = Object.entries(stages(sanitizer, reports)).filter(
      ([title, stage]) => !passes(`${title} with ${sanitizer.name}`, stage),
    );
    return [...failed.map(([title]) => `${title} failed with ${sanitizer.name}`), ...readReports(reports)];
  } finally {
    rmSync(reports, { recursive: true, force: true });
  }
}

function build({ name, folder }) {
  // src/native/load.ts looks into build/Release of the folder that it is pointed at.
  const directory = join(root, folder, 'build');
  run(
    'cmake',
    ['-S', '.', '-B', directory, `-DGATEWAY_LOCK_SANITIZE=${name}`, '-DGATEWAY_LOCK_TESTS=ON'],
    `configuring for ${name}`,
  );
  run('cmake', ['--build', directory, '--parallel', '2'], `building for ${name}`);
}

function stages({ folder, library, environment }, reports) {
  const preloaded = { LD_PRELOAD: runtime(library), GATEWAY_LOCK_PREBUILD: join(root, folder) };
  return {
    'the test program of native/os': [join(root, folder, 'build/tests/os_tests'), [], environment(reports, true)],
    'the files of macOS, against fakes': [
      join(root, folder, 'build/tests/os_tests_darwin'),
      [],
      environment(reports, true),
    ],
    'a life of the addon': [
      process.execPath,
      ['--expose-gc', '-e', LIFE],
      { ...preloaded, ...environment(reports, true) },
    ],
    'the tests': [
      process.execPath,
      [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--reporter=dot', ...TESTS],
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

/** What the compiler that built the addon would load; Node has to have it first of all. */
function runtime(library) {
  return execFileSync('c++', [`-print-file-name=${library}`], { encoding: 'utf8' }).trim();
}

function readReports(folder) {
  return readdirSync(folder).map((file) => `report ${file}:\n${readFileSync(join(folder, file), 'utf8')}`);
}
