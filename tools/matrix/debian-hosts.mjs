// Lists the hosts that run Debian's Node on an architecture for which npm has no Node that is new
// enough: under qemu, or in a chroot if the x64 kernel runs the architecture itself.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { commandInside, debianRoot, whyNoDebianRoot, whyNotInside } from './debian-root.mjs';

const NODE = '/usr/bin/node';
/** Node's major version in each release of Debian. */
const MAJOR = { trixie: 20, sid: 24 };
/** A newer qemu than Debian 12's, whose loongarch64 stops with an illegal instruction. */
const QEMU_10 = { suite: 'trixie', arch: 'amd64', name: 'qemu-user' };
/**
 * For each platform: Debian's release and name for the architecture, and the emulator. Debian 13 has
 * no loong64, and its mirror lacks a package for s390x and ppc64el (zlib1g, on 2026-11-29).
 */
const SYSTEMS = [
  { platform: 'linux-riscv64', suite: 'trixie', arch: 'riscv64', emulator: 'qemu-riscv64-static' },
  { platform: 'linux-s390x', suite: 'sid', arch: 's390x', emulator: 'qemu-s390x-static' },
  { platform: 'linux-ppc64', suite: 'sid', arch: 'ppc64el', emulator: 'qemu-ppc64le-static' },
  { platform: 'linux-loong64', suite: 'sid', arch: 'loong64', emulator: 'qemu-loongarch64', from: QEMU_10 },
  // Debian 12's qemu-i386 stops V8 ("Entering the V8 API without proper locking in place").
  { platform: 'linux-ia32', suite: 'trixie', arch: 'i386' },
].map((system) => ({ ...system, name: 'nodejs' }));

/**
 * Returns the hosts. `x64` returns the command of an x64 runtime, which holds a lock for the check
 * `foreign`. Debian updates its packages, so the titles contain no version of Node.
 */
export function debianHosts(installed, x64) {
  return SYSTEMS.map((system) => {
    const title = `${system.platform}, Debian's Node ${MAJOR[system.suite]} (${system.emulator ? 'qemu' : 'chroot'})`;
    const missing = whyNot(system);
    if (missing) return { title, missing };
    return { title, start: () => (system.emulator ? emulated(system, installed, x64()) : inChroot(system, installed)) };
  });
}

function whyNot({ emulator, from, ...system }) {
  if (emulator && !from && spawnSync(emulator, ['--version']).error) return 'apt-get install qemu-user-static';
  return whyNoDebianRoot(system) ?? (from && whyNoDebianRoot(from)) ?? (emulator ? null : whyNotInside());
}

function emulated({ emulator, from, ...system }, { script }, x64) {
  const root = debianRoot(system);
  const program = from ? join(debianRoot(from), 'usr/bin', emulator) : emulator;
  return {
    command: [program, '-L', root, join(root, NODE), '--expose-gc', script],
    environment: { GATEWAY_LOCK_TEST_FOREIGN_COMMAND: JSON.stringify(x64) },
  };
}

/** Runs the script on the kernel of this machine. The files of the check are in `folder`. */
function inChroot(system, { folder, script }) {
  const inside = [NODE, '--expose-gc', script];
  return {
    command: commandInside(debianRoot(system), folder, inside),
    environment: { GATEWAY_LOCK_TEST_COMMAND: JSON.stringify(inside), TMPDIR: folder },
  };
}
