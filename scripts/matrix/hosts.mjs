// Every way to run the package that this machine has: native, renamed, emulated, in an old system. What is missing says so.
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileOf, TARGETS } from '../prebuild/targets.mjs';
import { root } from '../prepare.mjs';
import { NODES, nodeExe } from '../windows/nodes.mjs';
import { findWine } from '../windows/tools.mjs';
import { endAll, environmentOf, freshPrefix, windowsPath } from '../windows/wine.mjs';
import { programOf, RUNTIMES } from './runtimes.mjs';

const SYSROOT = '/usr/aarch64-linux-gnu';
const OLD_ROOT = join(homedir(), '.cache/gateway-lock/bullseye');
const MIRROR = 'http://deb.debian.org/debian';
const ARGUMENTS = {
  node: ['--expose-gc'],
  bun: [],
  deno: ['run', '-A', '--node-modules-dir=manual', '--v8-flags=--expose-gc'],
};

export function hosts(life) {
  const arm = whyNoArm();
  const native = RUNTIMES.filter(({ platform }) => platform === 'linux-x64');
  const emulated = RUNTIMES.filter(({ platform }) => platform === 'linux-arm64');
  const x64 = [programOf(native[1]), ...ARGUMENTS.node, life.script];
  return [
    ...native.map((runtime) => nativeHost(runtime, life)),
    renamedHost(native[1], life),
    ...emulated.map((runtime) => (arm ? { title: titleOf(runtime), missing: arm } : emulatedHost(runtime, life, x64))),
    oldHost(native[1], life),
    ...windowsHosts(life),
    {
      title: 'linux-x64 musl',
      missing: 'no musl Node or Bun starts here: npm has them, and not the musl libstdc++ that they want',
    },
  ];
}

function nativeHost(runtime, { script, prebuilt }) {
  const program = programOf(runtime);
  const suite = runtime.kind === 'node' ? { program, prebuilt } : undefined;
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
function emulatedHost(runtime, { script }, x64) {
  const command = ['qemu-aarch64-static', '-L', SYSROOT, programOf(runtime), ...ARGUMENTS.node, script];
  const environment = { GATEWAY_LOCK_LIFE_FOREIGN: JSON.stringify(x64) };
  return { title: `${titleOf(runtime)} (qemu)`, command, environment };
}

function whyNoArm() {
  if (spawnSync('qemu-aarch64-static', ['--version']).error) return 'apt-get install qemu-user-static';
  if (!existsSync(join(SYSROOT, 'lib/libstdc++.so.6')))
    return 'apt-get install libc6-arm64-cross libstdc++6-arm64-cross libatomic1-arm64-cross';
  const target = TARGETS.find(({ arch, libc }) => arch === 'arm64' && libc === 'glibc');
  return existsSync(join(root, fileOf(target))) ? null : 'its binary is not built: npm run prebuild';
}

/** Debian 11: glibc 2.31. Older ones are no longer to be had; the gate on the symbols speaks for them. */
function oldHost(runtime, { folder }) {
  const title = `${titleOf(runtime)}, glibc 2.31`;
  const missing = whyNoOldRoot();
  if (missing) return { title, missing };
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
  if (spawnSync('debootstrap', ['--version']).error) return 'apt-get install debootstrap';
  process.stderr.write('gateway-lock: debootstrap bullseye (once)\n');
  const part = `${OLD_ROOT}.part`;
  rmSync(part, { recursive: true, force: true });
  try {
    execFileSync('debootstrap', ['--variant=minbase', 'bullseye', part, MIRROR], { stdio: 'ignore' });
  } catch (error) {
    return `debootstrap failed: ${error.message}`;
  }
  renameSync(part, OLD_ROOT);
  return null;
}

/** `npm run test:windows` runs the suites there, with an addon that MinGW has compiled; this is the published one. */
function windowsHosts({ script, folder }) {
  const titles = NODES.map((node) => ({ node, title: `win32-x64, ${node.title} (Wine)` }));
  if (findWine() === null) return titles.map(({ title }) => ({ title, missing: 'apt-get install wine64 wine' }));
  const prefix = freshPrefix(folder);
  return titles.map(({ node, title }) => {
    const program = nodeExe(node);
    const again = [windowsPath(program), ...ARGUMENTS.node, windowsPath(script)];
    const environment = { ...environmentOf(prefix), GATEWAY_LOCK_LIFE: JSON.stringify(again) };
    const command = [findWine(), program, ...ARGUMENTS.node, script];
    return { title, command, environment, lacks: node.lacks, ended: () => endAll(prefix) };
  });
}

function titleOf({ title, platform }) {
  return `${platform}, ${title}`;
}
