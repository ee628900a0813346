// npm run stress [-- OPTIONS of `gateway-lock stress`] [--report FILE]
// Runs `gateway-lock stress` from this tree and writes a page with plots (stress.html). On Linux
// the lock holders are C++ programs (native/test/stress_holder.cc), which start in 1 ms. With
// --mode cluster, checks histories of cluster locks on etcd and PostgreSQL instead.
// --seconds sets how long the check takes (60 by default).
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepare, root, run, show } from './prepare.mjs';
import { stressPage } from './stress/page.mjs';

const args = process.argv.slice(2);
const reportFile = takeOption('--report') ?? 'stress.html';
const folder = mkdtempSync(join(tmpdir(), 'gateway-lock-stress-report-'));
const jsonFile = takeOption('--json') ?? join(folder, 'stress.json');
prepare();
if (isClusterMode()) process.exit(await stressCluster());
let status = 1;
try {
  const holder = process.platform === 'linux' ? { GATEWAY_LOCK_STRESS_HOLDER: buildHolder() } : {};
  status = show('node', [join(root, 'dist/cli/main.js'), 'stress', ...args, '--json', jsonFile], holder);
  if (existsSync(jsonFile)) {
    writeFileSync(reportFile, stressPage(JSON.parse(readFileSync(jsonFile, 'utf8'))));
    console.log(`report written to ${reportFile}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(status);

function isClusterMode() {
  const at = args.indexOf('--mode');
  return at >= 0 && args[at + 1] === 'cluster';
}

/**
 * Checks histories of cluster locks. This is not part of `gateway-lock stress`, because it needs
 * servers and files from test/.
 */
async function stressCluster() {
  const seconds = Number(takeOption('--seconds') ?? 60);
  if (!(seconds > 0)) throw new RangeError('--seconds must be a positive number');
  const histories = await import('../test/support/cluster/history/stress.mjs');
  return (await histories.stressCluster(seconds)) ? 0 : 1;
}

/**
 * Removes an option of this script from the arguments for `gateway-lock stress`, and returns its
 * value.
 */
function takeOption(name) {
  const at = args.indexOf(name);
  return at < 0 ? undefined : args.splice(at, 2)[1];
}

function buildHolder() {
  run('cmake', ['-S', '.', '-B', 'build-native', '-DGATEWAY_LOCK_TESTS=ON'], 'configuring build-native');
  run('cmake', ['--build', 'build-native', '--target', 'stress_holder'], 'building stress_holder');
  return join(root, 'build-native/tests/stress_holder');
}
