// Runs commands as on a machine with Node and without a compiler, with a home directory, a temporary
// directory and an npm configuration of their own.
import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const LIMIT_MS = 300_000;
// The programs that package managers call. There is no compiler among them, and none of the
// programs in ABSENT.
const TOOLS = [
  'sh',
  'env',
  'uname',
  'dirname',
  'basename',
  'sed',
  'cat',
  'cp',
  'ls',
  'npm',
  'mkdir',
  'rm',
  'tar',
  'gzip',
];
const ABSENT = ['cc', 'c++', 'gcc', 'g++', 'clang', 'cmake', 'make', 'ninja', 'python3', 'node-gyp'];

/**
 * Returns a function that runs a command in the folder `cwd`. A command that is in the folder's
 * node_modules/.bin is found there. `userConfig` is the npmrc of the registry.
 */
export function createSandbox(work, { userConfig }) {
  const tools = toolsOnly(join(work, 'bin'));
  const [home, temporary] = [join(work, 'home'), join(work, 'tmp')];
  for (const folder of [home, temporary]) mkdirSync(folder);
  return ([command, ...args], cwd, env = {}) => {
    const clean = {
      PATH: [join(cwd, 'node_modules/.bin'), tools].join(delimiter),
      HOME: home,
      TMPDIR: temporary,
      npm_config_userconfig: userConfig,
      CI: '1',
      NO_COLOR: '1',
      NODE_ENV: 'production',
      NEXT_TELEMETRY_DISABLED: '1',
    };
    return spawnSync(command, args, { cwd, encoding: 'utf8', timeout: LIMIT_MS, env: { ...clean, ...env } });
  };
}

/** Returns the end of a failed command's output in one line, or its error. */
export function failureText({ stdout, stderr, error, signal }) {
  const text = `${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}${signal ? `ended by ${signal}` : ''}`;
  return text.trim().split('\n').slice(-12).join(' / ');
}

function toolsOnly(folder) {
  mkdirSync(folder);
  symlinkSync(process.execPath, join(folder, 'node'));
  for (const tool of TOOLS) {
    const { stdout } = spawnSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' });
    if (stdout.startsWith('/')) symlinkSync(stdout.trim(), join(folder, tool));
  }
  const found = ABSENT.filter((tool) => spawnSync(tool, ['--version'], { env: { PATH: folder } }).status !== null);
  if (found.length > 0) throw new Error(`PATH must not contain ${found}`);
  return folder;
}
