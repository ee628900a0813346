// Creates a Wine prefix (a Windows installation) for each run, with hard links to the files of a
// template, which takes 10 s and 700 MB to create. With separate prefixes, each run starts from the
// same state, parallel runs do not affect each other, and all processes of a run can be ended at
// once.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { root, run } from '../../scripts/prepare.mjs';
import { COMPILER, findWine } from './tools.mjs';

export const CACHE = join(homedir(), '.cache/gateway-lock/windows');

const SETTINGS = {
  WINEDEBUG: '-all',
  // Disables .NET and the browser, which Wine would offer to download, and menu entries on this
  // desktop.
  WINEDLLOVERRIDES: 'mscoree=d;mshtml=d;winemenubuilder.exe=d',
  DISPLAY: '',
};
const LIMIT_MS = 120_000;

/** Creates a new Wine prefix in `folder`. Returns its path. */
export function freshPrefix(folder) {
  const template = templatePrefix();
  const prefix = join(folder, 'prefix');
  // Hard links cannot cross file systems. In a container, /tmp and the cache may be on different
  // file systems.
  const sameDevice = statSync(folder).dev === statSync(template).dev;
  execFileSync('cp', ['-a', sameDevice ? '--link' : '--reflink=auto', template, prefix]);
  // Copies the registry files, because Wine modifies them in place and would change the template
  // through hard links.
  for (const file of readdirSync(template).filter((name) => name.endsWith('.reg'))) {
    rmSync(join(prefix, file));
    copyFileSync(join(template, file), join(prefix, file));
  }
  return prefix;
}

/**
 * Runs a Windows program with its output redirected to the file `output`, because Node for Windows
 * crashes if its standard output is a Unix pipe ("open EBADF"). Resolves with the exit code, or
 * with null if the program ran longer than `limitMs` milliseconds.
 */
export async function runInWine(prefix, [program, ...args], { output, cwd, limitMs, env = {} }) {
  const file = openSync(output, 'w');
  const child = spawn(findWine(), [program, ...args], {
    cwd,
    stdio: ['ignore', file, file],
    timeout: limitMs,
    killSignal: 'SIGKILL',
    env: { ...process.env, ...environmentOf(prefix), ...env },
  });
  closeSync(file);
  const [status] = await once(child, 'exit');
  return status;
}

/** Returns the environment variables for starting a Windows program in this prefix. */
export function environmentOf(prefix) {
  return { ...SETTINGS, WINEPREFIX: prefix };
}

/** Ends all processes of this prefix. */
export function endAll(prefix) {
  const env = { ...process.env, ...environmentOf(prefix) };
  spawnSync('wineserver', ['-k'], { env, stdio: 'ignore', timeout: LIMIT_MS });
  spawnSync('wineserver', ['-w'], { env, stdio: 'ignore', timeout: LIMIT_MS });
}

/** Converts a path of this machine to the path that Windows programs see. */
export function windowsPath(path) {
  return `Z:${path.replaceAll('/', '\\')}`;
}

function templatePrefix() {
  const version = execFileSync(findWine(), ['--version'], { encoding: 'utf8' }).match(/[\d.]+/)[0];
  const template = join(CACHE, `prefix-${version}`);
  if (existsSync(template)) return template;
  // Creates the template next to the final folder and renames it, so that the final folder is
  // always complete.
  const part = `${template}.${process.pid}`;
  mkdirSync(part, { recursive: true });
  const options = { env: { ...process.env, ...SETTINGS, WINEPREFIX: part }, stdio: 'ignore', timeout: LIMIT_MS };
  run(findWine(), ['wineboot', '-i'], 'making a Wine prefix (700 MB, once)', options);
  // Wine reports Windows 7 by default. Node requires 8.1.
  run(findWine(), ['winecfg', '-v', 'win10'], 'making it Windows 10', options);
  const library = join(part, 'drive_c/windows/system32/bcryptprimitives.dll');
  const source = join(root, 'tools/windows/bcryptprimitives.cc');
  run(COMPILER, ['-O2', '-shared', '-static', '-o', library, source, '-ladvapi32'], 'adding bcryptprimitives.dll');
  endAll(part);
  if (existsSync(template)) rmSync(part, { recursive: true });
  else renameSync(part, template);
  return template;
}
