// npm run stress [-- options of `gateway-lock stress`] [--report FILE]: the command from this tree, with a native holder that starts
// in a millisecond where that can be built, and the figures drawn into a page (default: stress.html).
// With --mode cluster: histories of cluster locks on etcd and PostgreSQL, for --seconds (60).
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepare, root, run, show } from './prepare.mjs';
import { stressPage } from './stress/page.mjs';

const args = process.argv.slice(2);
const reportFile = take('--report') ?? 'stress.html';
const folder = mkdtempSync(join(tmpdir(), 'gateway-lock-stress-report-'));
const jsonFile = take('--json') ?? join(folder, 'stress.json');
prepare();
if (isClusterMode()) process.exit(await stressCluster());
let status = 1;
try {
  const holder = process.platform === 'linux' ? { GATEWAY_LOCK_STRESS_HOLDER: buildHolder() } : {};
  status = show('node', [join(root, 'dist/cli/main.js'), 'stress', ...args, '--json', jsonFile], holder);
  if (existsSync(jsonFile)) {
    writeFileSync(reportFile, stressPage(JSON.parse(readFileSync(jsonFile, 'utf8'))));
    console.log(`report: ${reportFile}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(status);

function isClusterMode() {
  const at = args.indexOf('--mode');
  return at >= 0 && args[at + 1] === 'cluster';
}

/** These histories need servers and the test tree, so they are not part of the command. */
async function stressCluster() {
  const seconds = Number(take('--seconds') ?? 60);
  if (!(seconds > 0)) throw new RangeError('--seconds must be a number above 0');
  const histories = await import('../test/support/cluster/history/stress.mjs');
  return (await histories.stressCluster(seconds)) ? 0 : 1;
}

/** Takes an option of this script, with its value, out of the arguments of the command. */
function take(name) {
  const at = args.indexOf(name);
  return at < 0 ? undefined : args.splice(at, 2)[1];
}

function buildHolder() {
  run('cmake', ['-S', '.', '-B', 'build-native', '-DGATEWAY_LOCK_TESTS=ON'], 'configuring build-native');
  run('cmake', ['--build', 'build-native', '--target', 'small_holder'], 'building the small holder');
  return join(root, 'build-native/tests/small_holder');
}
