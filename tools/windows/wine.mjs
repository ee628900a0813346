// A Windows of its own for each run: a Wine prefix made once (700 MB, 10 s) and hard-linked for each run, so that runs beside
// each other share nothing, each starts from the same state, and what is left of one can be ended as a whole.
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
  // Neither .NET nor a browser, which Wine would offer to download, and no menu entries on this desktop.
  WINEDLLOVERRIDES: 'mscoree=d;mshtml=d;winemenubuilder.exe=d',
  DISPLAY: '',
};
const LIMIT_MS = 120_000;

/** A prefix below `folder`, as new. */
export function freshPrefix(folder) {
  const template = templatePrefix();
  const prefix = join(folder, 'prefix');
  // Hard links end at the edge of a file system: /tmp is another one than the cache in a container.
  const sameDevice = statSync(folder).dev === statSync(template).dev;
  execFileSync('cp', ['-a', sameDevice ? '--link' : '--reflink=auto', template, prefix]);
  // Wine writes its registry in place where the file has more than one name.
  for (const file of readdirSync(template).filter((name) => name.endsWith('.reg'))) {
    rmSync(join(prefix, file));
    copyFileSync(join(template, file), join(prefix, file));
  }
  return prefix;
}

/**
 * Runs a Windows program; what it prints goes to the file `output`: Node dies of a Unix pipe as standard output ("open EBADF").
 * Resolves with the exit code, null when it took longer than `limitMs`.
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

/** What a Windows program that is started by hand needs to be in its environment. */
export function environmentOf(prefix) {
  return { ...SETTINGS, WINEPREFIX: prefix };
}

/** Ends whatever still runs in this prefix, and nothing else. */
export function endAll(prefix) {
  const env = { ...process.env, ...environmentOf(prefix) };
  spawnSync('wineserver', ['-k'], { env, stdio: 'ignore', timeout: LIMIT_MS });
  spawnSync('wineserver', ['-w'], { env, stdio: 'ignore', timeout: LIMIT_MS });
}

/** As a Windows program names a file of this machine. */
export function windowsPath(path) {
  return `Z:${path.replaceAll('/', '\\')}`;
}

function templatePrefix() {
  const version = execFileSync(findWine(), ['--version'], { encoding: 'utf8' }).match(/[\d.]+/)[0];
  const template = join(CACHE, `prefix-${version}`);
  if (existsSync(template)) return template;
  // Made beside it and renamed, so that one which is there is whole.
  const part = `${template}.${process.pid}`;
  mkdirSync(part, { recursive: true });
  const options = { env: { ...process.env, ...SETTINGS, WINEPREFIX: part }, stdio: 'ignore', timeout: LIMIT_MS };
  run(findWine(), ['wineboot', '-i'], 'making a Wine prefix (700 MB, once)', options);
  // Wine says Windows 7 by default, and Node wants 8.1 or later.
  run(findWine(), ['winecfg', '-v', 'win10'], 'making it Windows 10', options);
  const library = join(part, 'drive_c/windows/system32/bcryptprimitives.dll');
  const source = join(root, 'tools/windows/bcryptprimitives.cc');
  run(COMPILER, ['-O2', '-shared', '-static', '-o', library, source, '-ladvapi32'], 'adding bcryptprimitives.dll');
  endAll(part);
  if (existsSync(template)) rmSync(part, { recursive: true });
  else renameSync(part, template);
  return template;
}
