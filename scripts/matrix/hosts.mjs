// Every way to run the package that this machine has: native, renamed, emulated, in an old system. What is missing says so.
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { NODES, nodeExe, OLDEST } from '../windows/nodes.mjs';
import { findWine, missingTools } from '../windows/tools.mjs';
import { endAll, environmentOf, freshPrefix, windowsPath } from '../windows/wine.mjs';
import { muslLibraries, plainNode, vitestOnMusl, whyNoMusl } from './musl.mjs';
import { programOf, RUNTIMES } from './runtimes.mjs';

/** Processors that there is an emulator for, and where Debian puts their C library. */
const EMULATED = {
  'linux-arm64': { emulator: 'qemu-aarch64-static', sysroot: '/usr/aarch64-linux-gnu', debian: 'arm64' },
  'linux-arm': { emulator: 'qemu-arm-static', sysroot: '/usr/arm-linux-gnueabihf', debian: 'armhf' },
};
const OLD_ROOT = join(homedir(), '.cache/gateway-lock/bullseye');
const ARGUMENTS = {
  node: ['--expose-gc'],
  bun: [],
  deno: ['run', '-A', '--node-modules-dir=manual', '--v8-flags=--expose-gc'],
};

export function hosts(life) {
  const native = RUNTIMES.filter(({ platform }) => platform === 'linux-x64');
  const emulated = RUNTIMES.filter(({ platform }) => platform in EMULATED);
  const x64 = [programOf(native[1]), ...ARGUMENTS.node, life.script];
  return [
    ...native.map((runtime) => nativeHost(runtime, life)),
    renamedHost(native[1], life),
    ...emulated.map((runtime) => emulatedHost(runtime, life, x64)),
    oldHost(native[1], life),
    ...muslHosts(life),
    ...windowsHosts(life),
  ];
}

function nativeHost(runtime, { script, prebuilt }) {
  const program = programOf(runtime);
  const suite = runtime.kind === 'node' ? { program, prebuilt: prebuilt({ libc: 'glibc' }) } : undefined;
  return {
    title: titleOf(runtime),
    command: [program, ...ARGUMENTS[runtime.kind], script],
    suite,
    lacks: LACKS[runtime.kind],
  };
}

/** What a runtime cannot do, and says: http.Server of Bun is no net.Server. The lock works, the port is bound. */
const LACKS = { bun: ['server'] };

/** As Electron and packaged applications are: the same Node under another name. */
function renamedHost(runtime, { script, folder }) {
  const program = join(folder, 'some application');
  copyFileSync(programOf(runtime), program);
  return { title: `${titleOf(runtime)}, renamed`, command: [program, ...ARGUMENTS.node, script] };
}

/** Another architecture on the same kernel, so that it meets the x64 processes on one file. */
function emulatedHost(runtime, { script, prebuilt }, x64) {
  const { emulator, sysroot, debian } = EMULATED[runtime.platform];
  const title = `${titleOf(runtime)} (qemu)`;
  const missing = whyNotEmulated(emulator, sysroot, debian);
  if (missing) return { title, missing };
  const start = [emulator, '-L', sysroot, programOf(runtime), ...ARGUMENTS.node];
  if (runtime.platform === 'linux-arm64')
    return { title, command: [...start, script], environment: { GATEWAY_LOCK_LIFE_FOREIGN: JSON.stringify(x64) } };
  const alone = join(prebuilt({ arch: 'arm', libc: 'glibc' }), 'test/matrix/addon.mjs');
  return { title: `${title}, the addon alone`, command: [...start, alone] };
}

function whyNotEmulated(emulator, sysroot, debian) {
  if (spawnSync(emulator, ['--version']).error) return 'apt-get install qemu-user-static';
  const libraries = ['libc6', 'libstdc++6', 'libatomic1'].map((name) => `${name}-${debian}-cross`);
  return existsSync(join(sysroot, 'lib/libstdc++.so.6')) ? null : `apt-get install ${libraries.join(' ')}`;
}

/** Debian 11: glibc 2.31. Older ones are no longer to be had; the gate on the symbols speaks for them. */
function oldHost(runtime, { folder }) {
  const title = `${titleOf(runtime)}, glibc 2.31`;
  const missing = whyNoOldRoot();
  if (missing) return { title, missing };
  if (!existsSync(OLD_ROOT)) makeOldRoot();
  const home = join(OLD_ROOT, 'opt/life');
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home, { recursive: true });
  for (const path of ['node_modules', 'life.mjs']) cpSync(join(folder, path), join(home, path), { recursive: true });
  copyFileSync(programOf(runtime), join(home, 'node'));
  const inside = ['/opt/life/node', ...ARGUMENTS.node, '/opt/life/life.mjs'];
  return {
    title,
    command: ['chroot', OLD_ROOT, ...inside],
    environment: { GATEWAY_LOCK_LIFE: JSON.stringify(inside) },
  };
}

function whyNoOldRoot() {
  if (process.getuid() !== 0) return 'needs root (chroot)';
  if (existsSync(OLD_ROOT)) return null;
  return spawnSync('debootstrap', ['--version']).error ? 'apt-get install debootstrap' : null;
}

function makeOldRoot() {
  process.stderr.write('gateway-lock: debootstrap bullseye (once)\n');
  const part = `${OLD_ROOT}.part`;
  rmSync(part, { recursive: true, force: true });
  execFileSync('debootstrap', ['--variant=minbase', 'bullseye', part], { stdio: ['ignore', 'ignore', 'inherit'] });
  renameSync(part, OLD_ROOT);
}

/** Another C library on the same kernel. Its programs find what Debian lacks by LD_LIBRARY_PATH, which each of them passes on. */
function muslHosts({ script, prebuilt }) {
  const runtimes = RUNTIMES.filter(({ platform }) => platform === 'linux-x64 musl');
  const missing = whyNoMusl();
  return runtimes.map((runtime) => {
    if (missing) return { title: titleOf(runtime), missing };
    const environment = { LD_LIBRARY_PATH: muslLibraries() };
    if (runtime.kind === 'bun') return { ...nativeHost(runtime, { script }), environment };
    const program = plainNode(runtime);
    const suite = { program, prebuilt: prebuilt({ libc: 'musl' }), environment: { ...environment, ...vitestOnMusl() } };
    return { title: titleOf(runtime), command: [program, ...ARGUMENTS.node, script], environment, suite };
  });
}

/** `npm run test:windows` runs the suites there, with an addon that MinGW has compiled; this is the published one. */
function windowsHosts({ script, folder, prebuilt }) {
  const isOld = ({ major }) => major < OLDEST;
  const titleOfOne = (node) => `win32-x64, ${node.title} (Wine)${isOld(node) ? ', the addon alone' : ''}`;
  const titles = NODES.map((node) => ({ node, title: titleOfOne(node) }));
  const absent = missingTools();
  if (absent.length > 0) return titles.map(({ title }) => ({ title, missing: `apt-get install ${absent.join(' ')}` }));
  const prefix = freshPrefix(folder);
  const alone = join(prebuilt({ platform: 'win32', arch: 'x64' }), 'test/matrix/addon.mjs');
  return titles.map(({ node, title }) => {
    const program = nodeExe(node);
    const file = isOld(node) ? alone : script;
    const again = [windowsPath(program), ...ARGUMENTS.node, windowsPath(file)];
    const environment = { ...environmentOf(prefix), GATEWAY_LOCK_LIFE: JSON.stringify(again) };
    const command = [findWine(), program, ...ARGUMENTS.node, file];
    return { title, command, environment, ended: () => endAll(prefix) };
  });
}

function titleOf({ title, platform }) {
  return `${platform}, ${title}`;
}
