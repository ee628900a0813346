// Runs commands as on a machine with Node and without a compiler, with a home directory, a temporary
// directory and an npm configuration of their own.
import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const LIMIT_MS = 300_000;
const MAX_OUTPUT_BYTES = 1e8;
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
 * Returns a function that runs a command in the folder `cwd` and resolves to its result. A command
 * that is in the folder's node_modules/.bin is found there. `userConfig` is the npmrc of the
 * registry. If this process exits, the commands end.
 */
export function createSandbox(work, { userConfig }) {
  const tools = toolsOnly(join(work, 'bin'));
  const [home, temporary] = [join(work, 'home'), join(work, 'tmp')];
  for (const folder of [home, temporary]) mkdirSync(folder);
  const running = new Set();
  // First, before the caller removes the folder in which the commands write.
  process.prependOnceListener('exit', () => {
    for (const child of running) child.kill();
  });
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
    const options = { cwd, timeout: LIMIT_MS, maxBuffer: MAX_OUTPUT_BYTES, env: { ...clean, ...env } };
    return new Promise((resolve) => {
      const child = execFile(command, args, options, (error, stdout, stderr) => {
        running.delete(child);
        resolve({ status: child.exitCode, signal: child.signalCode, stdout, stderr, error: startError(error) });
      });
      running.add(child);
    });
  };
}

/** Returns the error of a command that did not start, because its code is a text such as ENOENT. */
function startError(error) {
  return typeof error?.code === 'string' ? error : undefined;
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
