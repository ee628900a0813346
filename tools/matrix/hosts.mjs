// Lists the runtimes to test: native, renamed and emulated ones, and those on an old system, on
// musl and on Windows. Each entry has a `title`, and either the function `start` or `missing`, the
// reason why this machine cannot run it. start() downloads what the runtime needs, and returns its
// `command` with further properties.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/prepare.mjs';
import { cachedInstall } from '../cached-install.mjs';
import { NODES, nodeExe, OLDEST } from '../windows/nodes.mjs';
import { findWine, missingTools } from '../windows/tools.mjs';
import { endAll, environmentOf, freshPrefix, windowsPath } from '../windows/wine.mjs';
import { debianHosts } from './debian-hosts.mjs';
import { EXCLUDED_FILES, KNOWN_FAILURES } from './known-failures.mjs';
import { muslLibraries, plainNode, vitestOnMusl, whyNoMusl } from './musl.mjs';
import { inOldRoot, OLD_LIBC, whyNoOldRoot } from './old-root.mjs';
import { programOf, RUNTIMES } from './runtimes.mjs';

/**
 * The emulated processors: for each, the emulator, the folder of Debian's C library, and Debian's
 * name for the processor.
 */
const EMULATED = {
  'linux-arm64': { emulator: 'qemu-aarch64-static', sysroot: '/usr/aarch64-linux-gnu', debian: 'arm64' },
  'linux-arm': { emulator: 'qemu-arm-static', sysroot: '/usr/arm-linux-gnueabihf', debian: 'armhf' },
};
const DENO = ['run', '-A', '--node-modules-dir=manual'];
const ARGUMENTS = { node: ['--expose-gc'], bun: [], deno: [...DENO, '--v8-flags=--expose-gc'] };
/** Each runtime's command-line arguments for running the suite. */
const SUITE_ARGUMENTS = { node: [], bun: [], deno: DENO };

export function hosts(installed) {
  const native = RUNTIMES.filter(({ platform }) => platform === 'linux-x64');
  const emulated = RUNTIMES.filter(({ platform }) => platform in EMULATED);
  const [, node22] = native;
  const x64 = () => [programOf(node22), ...ARGUMENTS.node, installed.script];
  return [
    ...native.map((runtime) => ({
      title: titleOf(runtime),
      start: () => ({ ...nativeHost(runtime, installed), ...(runtime === node22 && besideArm64(installed)) }),
    })),
    renamedHost(node22, installed),
    ...emulated.map((runtime) => emulatedHost(runtime, installed, x64)),
    ...debianHosts(installed, x64),
    oldHost(node22, installed),
    ...muslHosts(installed),
    ...windowsHosts(installed),
  ];
}

function nativeHost(runtime, { script, prebuilt }, { program = programOf(runtime), libc = 'glibc' } = {}) {
  const { kind } = runtime;
  return {
    command: [program, ...ARGUMENTS[kind], script],
    suite: {
      command: [program, ...SUITE_ARGUMENTS[kind]],
      prebuilt: prebuilt({ libc }),
      knownFailures: KNOWN_FAILURES[kind],
      excludedFiles: EXCLUDED_FILES[kind],
    },
  };
}

/**
 * Returns a host that runs the same Node from a renamed file, because Electron and packaged
 * applications are not called node either.
 */
function renamedHost(runtime, { script, folder }) {
  const start = () => {
    const program = join(folder, 'some application');
    copyFileSync(programOf(runtime), program);
    return { command: [program, ...ARGUMENTS.node, script] };
  };
  return { title: `${titleOf(runtime)}, renamed`, start };
}

/**
 * Returns a host with another architecture on the same kernel, so its processes and x64 processes
 * can lock the same file.
 */
function emulatedHost(runtime, installed, x64) {
  const title = `${titleOf(runtime)} (qemu)`;
  const missing = whyNotEmulated(runtime);
  if (missing) return { title, missing };
  if (runtime.platform === 'linux-arm64') return { title, start: () => arm64Host(runtime, installed, x64) };
  const alone = () => join(installed.prebuilt({ arch: 'arm', libc: 'glibc' }), 'test/matrix/addon.mjs');
  return { title: `${title}, the addon alone`, start: () => ({ command: underEmulator(runtime, alone()) }) };
}

function arm64Host(runtime, installed, x64) {
  return {
    command: underEmulator(runtime, installed.script),
    ...withForeign(x64()),
    suite: emulatedSuite(runtime, installed),
  };
}

/**
 * Returns the suite of an emulated runtime. It takes many minutes under the emulator, so without
 * --all only the first emulated runtime runs it.
 */
function emulatedSuite(runtime, { folder, prebuilt }) {
  const program = join(folder, `node-arm64-${runtime.version}`);
  const start = underEmulator(runtime).map((word) => `'${word}'`);
  writeFileSync(program, `#!/bin/sh\nexec ${start.join(' ')} "$@"\n`, { mode: 0o755 });
  const modules = cachedInstall(root, 'arm64/modules', { options: ['--cpu=arm64', '--libc=glibc'] });
  return {
    command: [program],
    prebuilt: prebuilt({ arch: 'arm64', libc: 'glibc' }),
    environment: {
      GATEWAY_LOCK_EXEC_PATH: program,
      NODE_OPTIONS: `--require "${join(root, 'tools/matrix/exec-path.cjs')}"`,
      NAPI_RS_NATIVE_LIBRARY_PATH: join(modules, '@rolldown/binding-linux-arm64-gnu'),
    },
    knownFailures: KNOWN_FAILURES.emulated,
    onlyWithAll: runtime !== RUNTIMES.find(({ platform }) => platform === runtime.platform),
  };
}

/**
 * Returns the environment variables that tell the check `foreign` how to start an arm64 process.
 * The arm64 process holds the lock while an x64 runtime tries to acquire it.
 */
function besideArm64({ script }) {
  const arm64 = RUNTIMES.find(({ platform }) => platform === 'linux-arm64');
  return whyNotEmulated(arm64) ? {} : withForeign(underEmulator(arm64, script));
}

function withForeign(command) {
  return { environment: { GATEWAY_LOCK_TEST_FOREIGN_COMMAND: JSON.stringify(command) } };
}

function underEmulator(runtime, ...script) {
  const { emulator, sysroot } = EMULATED[runtime.platform];
  return [emulator, '-L', sysroot, programOf(runtime), ...ARGUMENTS.node, ...script];
}

function whyNotEmulated({ platform }) {
  const { emulator, sysroot, debian } = EMULATED[platform];
  if (spawnSync(emulator, ['--version']).error) return 'apt-get install qemu-user-static';
  const libraries = ['libc6', 'libstdc++6', 'libatomic1'].map((name) => `${name}-${debian}-cross`);
  return existsSync(join(sysroot, 'lib/libstdc++.so.6')) ? null : `apt-get install ${libraries.join(' ')}`;
}

function oldHost(runtime, installed) {
  const title = `${titleOf(runtime)}, ${OLD_LIBC}`;
  const missing = whyNoOldRoot();
  return missing
    ? { title, missing }
    : { title, start: () => inOldRoot(programOf(runtime), ARGUMENTS.node, installed) };
}

/**
 * Returns the hosts that use musl instead of glibc, on the same kernel. LD_LIBRARY_PATH contains
 * the folder of the libraries that Debian lacks, and child processes inherit it.
 */
function muslHosts(installed) {
  const runtimes = RUNTIMES.filter(({ platform }) => platform === 'linux-x64 musl');
  const missing = whyNoMusl();
  return runtimes.map((runtime) => {
    const title = titleOf(runtime);
    return missing ? { title, missing } : { title, start: () => muslHost(runtime, installed) };
  });
}

function muslHost(runtime, installed) {
  const program = runtime.kind === 'node' ? plainNode(runtime) : programOf(runtime);
  const host = nativeHost(runtime, installed, { program, libc: 'musl' });
  const environment = { LD_LIBRARY_PATH: muslLibraries() };
  return { ...host, environment, suite: { ...host.suite, environment: { ...environment, ...vitestOnMusl() } } };
}

/**
 * Returns the hosts that test the published addon in Windows builds of Node under Wine. `npm run
 * test:windows` runs the suites there, with an addon compiled by MinGW.
 */
function windowsHosts({ script, folder, prebuilt }) {
  const isOld = ({ major }) => major < OLDEST;
  const windowsTitle = (node) => `win32-x64, ${node.title} (Wine)${isOld(node) ? ', the addon alone' : ''}`;
  const titles = NODES.map((node) => ({ node, title: windowsTitle(node) }));
  const absent = missingTools();
  if (absent.length > 0) return titles.map(({ title }) => ({ title, missing: `apt-get install ${absent.join(' ')}` }));
  let prefix;
  const start = (node) => {
    prefix ??= freshPrefix(folder);
    const program = nodeExe(node);
    const file = isOld(node) ? join(prebuilt({ platform: 'win32', arch: 'x64' }), 'test/matrix/addon.mjs') : script;
    const testCommand = [windowsPath(program), ...ARGUMENTS.node, windowsPath(file)];
    const environment = { ...environmentOf(prefix), GATEWAY_LOCK_TEST_COMMAND: JSON.stringify(testCommand) };
    const command = [findWine(), program, ...ARGUMENTS.node, file];
    return { command, environment, ended: () => endAll(prefix) };
  };
  return titles.map(({ node, title }) => ({ title, start: () => start(node) }));
}

function titleOf({ title, platform }) {
  return `${platform}, ${title}`;
}
