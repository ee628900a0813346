// npm run test:coverage [-- vitest arguments]: prints the lines of src/ and native/ that no test
// reaches. For src/ only the test processes count. For native/ their child processes also count,
// unless they are killed, because a killed process writes no counts.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { bin, prepare, root, show } from './prepare.mjs';

if (spawnSync('gcovr', ['--version']).error) {
  console.error('gateway-lock: npm run test:coverage needs gcovr: apt-get install gcovr');
  process.exit(1);
}
prepare();
const status = show(bin('vitest'), [
  'run',
  '--coverage',
  '--project',
  'unit',
  '--project',
  'integration',
  ...process.argv.slice(2),
]);
process.exit(status === 0 ? nativeCoverage() : status);

function nativeCoverage() {
  const build = join(root, 'build-coverage');
  const output = join(build, 'build');
  rmSync(build, { recursive: true, force: true });
  const configure = [
    '-S',
    root,
    '-B',
    output,
    '-DGATEWAY_LOCK_COVERAGE=ON',
    '-DGATEWAY_LOCK_TESTS=ON',
    '-DCMAKE_BUILD_TYPE=Debug',
  ];
  if (show('cmake', configure) !== 0 || show('cmake', ['--build', output, '-j2']) !== 0) return 1;
  for (const program of ['os_tests', 'os_tests_darwin']) show(join(output, 'tests', program), []);
  // Runs the tests in threads, because vitest ends its child processes with a signal and killed
  // processes write no counts. Tests that change the whole process (umask, chdir) fail in threads,
  // so the output and status of this second run are ignored; all tests have passed in the first.
  const options = ['run', '--pool=threads', '--project', 'integration'];
  spawnSync(process.execPath, [bin('vitest'), ...options], {
    cwd: root,
    stdio: 'ignore',
    env: { ...process.env, GATEWAY_LOCK_PREBUILD: build },
  });
  return show('gcovr', [
    '--root',
    root,
    '--object-directory',
    output,
    '--filter',
    'native/(os|binding)/',
    '--txt',
    '-',
  ]);
}
