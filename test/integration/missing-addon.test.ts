// The error ERR_NATIVE_MISSING names the cause and the line that helps.
import { execFile, execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { describe, expect, onTestFinished, test } from 'vitest';
import { commandText } from '../../src/internal.js';
import { need, whyNoMount } from '../support/capabilities.js';
import { freshDirectory } from '../support/directories.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const addon = join(process.env['GATEWAY_LOCK_PREBUILD'] ?? root, 'build/Release/gateway_lock.node');
const PROGRAM = `
  import { acquireGatewayLock, LockError, tryAcquireLock } from 'gateway-lock';
  const report = (error) => ({ code: error.code, message: error.message, hasCause: error.cause instanceof Error, ours: error instanceof LockError });
  async function main() {
    const lock = tryAcquireLock(process.argv[2] + '/a.lock');
    lock.release();
    return { acquired: true };
  }
  main().catch(report).then((result) => console.log(JSON.stringify(result)));
  `;

describe.each(['esm', 'cjs'] as const)('a bundle of the format %s', (format) => {
  test('without the addon fails with the command that copies the addon', async () => {
    const bundle = await bundled(format);
    const { code, message, ours } = await runProgram(bundle.file);
    expect({ code, ours }).toEqual({ code: 'ERR_NATIVE_MISSING', ours: true });
    expect(message).toContain(`This code is in the bundle '${bundle.file}'`);
    expect(message).toContain(commandText(['cp', '-r', 'node_modules/gateway-lock/prebuilds', bundle.folder]));
  });

  test('finds the addon in a copy of prebuilds next to the bundle', async () => {
    const { file, folder } = await bundled(format);
    copyAddon(join(folder, prebuilt()));
    expect(await runProgram(file)).toEqual({ acquired: true });
  });

  test('is told by the error that the folder in GATEWAY_LOCK_PREBUILD is wrong', async () => {
    const { file, folder } = await bundled(format);
    const { code, message } = await runProgram(file, { GATEWAY_LOCK_PREBUILD: folder });
    expect(code).toBe('ERR_NATIVE_MISSING');
    expect(message).toContain(`GATEWAY_LOCK_PREBUILD names '${folder}'`);
  });
});

describe('the installed package', () => {
  test('without its binaries, as after file tracing, names the folder to copy', async () => {
    const { program, folder } = installed();
    const { message } = await runProgram(program);
    expect(message).toContain(`'${folder}' is an incomplete copy of the package`);
    expect(message).toContain(commandText(['cp', '-r', 'node_modules/gateway-lock/prebuilds', folder]));
  });

  test('with its sources names the command that builds the addon', async () => {
    const { program, folder } = installed();
    writeFileSync(join(folder, 'CMakeLists.txt'), '');
    const { message } = await runProgram(program);
    expect(message).toContain(`${commandText(['cmake', '-S', folder, '-B', join(folder, 'build')])} && cmake --build`);
    expect(message).not.toContain('npm run build');
  });

  test('in a clone of the repository advises npm run build', async () => {
    const { program, folder } = installed();
    writeFileSync(join(folder, 'CMakeLists.txt'), '');
    mkdirSync(join(folder, 'scripts'));
    writeFileSync(join(folder, 'scripts/build.mjs'), '');
    expect((await runProgram(program)).message).toContain('Build it: npm run build');
  });

  test('with a binary that does not load names the error of the system', async () => {
    const { program, folder } = installed();
    const file = join(folder, prebuilt());
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, 'not a binary');
    const { code, message, hasCause } = await runProgram(program);
    expect({ code, hasCause }).toEqual({ code: 'ERR_NATIVE_MISSING', hasCause: true });
    expect(message).toContain('The system refuses to load it: ');
    // Windows itself names the file, too.
    expect(message!.split(file)).toHaveLength(process.platform === 'win32' ? 3 : 2);
    expect(message!.includes('Smart App Control')).toBe(process.platform === 'win32');
  });

  test('on a platform without a published binary says so', async () => {
    const { program } = installed();
    const first = ['--import', preload("Object.defineProperty(process, 'arch', { value: 'mips' });")];
    const { message } = await runProgram(program, {}, first);
    expect(message).toContain('There is no published binary for this platform.');
  });

  test('under --no-addons names the flag', async () => {
    const { program, folder } = installed();
    copyAddon(join(folder, prebuilt()));
    const { message, hasCause } = await runProgram(program, {}, ['--no-addons']);
    expect(message).toContain('Node was started with --no-addons. Remove that flag');
    expect(hasCause).toBe(true);
  });

  test('on a file system that is mounted noexec names the mount point', async (ctx) => {
    need(ctx, whyNoMount());
    const mount = freshDirectory();
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'noexec,size=64m', 'tmpfs', mount]);
    onTestFinished(() => void execFileSync('umount', [mount]));
    const { program, folder } = installed(mount);
    copyAddon(join(folder, prebuilt()));
    const { message } = await runProgram(program);
    expect(message).toContain(`'${mount}' is mounted noexec`);
    expect(message).toContain(`mount -o remount,exec ${mount}`);
  });
});

test('the import in a Node that is too old names the version', async () => {
  const args = ['--import', preload('delete process.getBuiltinModule;'), installed().program, freshDirectory()];
  await expect(promisify(execFile)(process.execPath, args)).rejects.toThrow(
    `gateway-lock needs Node 20.19, 22.12 or newer. This is Node ${process.versions.node}`,
  );
});

interface Result {
  readonly acquired?: boolean;
  readonly code?: string;
  readonly message?: string;
  readonly hasCause?: boolean;
  readonly ours?: boolean;
}

async function runProgram(file: string, env = {}, execArgv: readonly string[] = []): Promise<Result> {
  const { GATEWAY_LOCK_PREBUILD: _, ...clean } = process.env;
  const args = [...execArgv, file, freshDirectory()];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: { ...clean, ...env } });
  return JSON.parse(stdout);
}

/** Bundles the program with esbuild into a folder that contains nothing else. */
async function bundled(format: 'esm' | 'cjs') {
  const folder = freshDirectory();
  const file = join(folder, format === 'esm' ? 'main.mjs' : 'main.cjs');
  const stdin = { contents: PROGRAM, resolveDir: root };
  await build({ stdin, outfile: file, bundle: true, platform: 'node', format, logLevel: 'error' });
  return { folder, file };
}

/** Creates a project with a copy of the package that has neither binaries nor sources. */
function installed(parent?: string) {
  const project = parent === undefined ? freshDirectory() : freshDirectory(parent);
  const folder = join(project, 'node_modules/gateway-lock');
  cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true });
  copyFileSync(join(root, 'package.json'), join(folder, 'package.json'));
  const program = join(project, 'main.mjs');
  writeFileSync(program, PROGRAM);
  return { folder, program };
}

/** Returns the URL of a file with a script for --import, where Bun ignores a data: URL. */
function preload(script: string): string {
  const file = join(freshDirectory(), 'preload.mjs');
  writeFileSync(file, script);
  return pathToFileURL(file).href;
}

function copyAddon(file: string): void {
  mkdirSync(join(file, '..'), { recursive: true });
  rmSync(file, { force: true });
  copyFileSync(addon, file);
}

/** The path of the published binary for this process, relative to the package. */
function prebuilt(): string {
  const { sharedObjects } = process.report.getReport() as unknown as { sharedObjects: string[] };
  const isMusl = sharedObjects.some((path) => path.includes('/ld-musl-'));
  const libc = process.platform === 'linux' ? (isMusl ? '.musl' : '.glibc') : '';
  const armv = process.arch === 'arm' ? '.armv7' : '';
  return join('prebuilds', `${process.platform}-${process.arch}`, `gateway-lock${armv}${libc}.node`);
}
