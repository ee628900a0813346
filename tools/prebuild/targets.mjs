// Lists the platforms with a published binary. The build, the gates, SHA256SUMS and
// docs/platforms.md use this list.

/**
 * The oldest systems on which the binaries load. An architecture that glibc has supported only since
 * a later version has that version as its `glibc` below.
 */
export const FLOOR = { glibc: '2.17', macos: '11.0', windows: '10' };

const linux = (arch, triple, processor, { libcs = ['glibc', 'musl'], glibc = FLOOR.glibc, ...more } = {}) =>
  libcs.map((libc) => ({
    platform: 'linux',
    arch,
    libc,
    triple: triple.replace('*', libc === 'glibc' ? 'gnu' : 'musl') + (libc === 'glibc' ? `.${glibc}` : ''),
    system: 'Linux',
    processor,
    glibc,
    ...more,
  }));
const darwin = (arch, processor, cmakeProcessor) => ({
  platform: 'darwin',
  arch,
  triple: `${processor}-macos.${FLOOR.macos}`,
  system: 'Darwin',
  processor: cmakeProcessor,
});
const win32 = (arch, processor, cmakeProcessor) => ({
  platform: 'win32',
  arch,
  triple: `${processor}-windows-gnu`,
  system: 'Windows',
  processor: cmakeProcessor,
});

export const TARGETS = [
  ...linux('x64', 'x86_64-linux-*', 'x86_64'),
  ...linux('arm64', 'aarch64-linux-*', 'aarch64'),
  ...linux('arm', 'arm-linux-*eabihf', 'armv7l', { armv: '7' }),
  ...linux('riscv64', 'riscv64-linux-*', 'riscv64', { glibc: '2.27' }),
  ...linux('loong64', 'loongarch64-linux-*', 'loongarch64', { libcs: ['glibc'], glibc: '2.36' }),
  // Node calls ppc64le ppc64. zig has headers for it only from glibc 2.19 on.
  ...linux('ppc64', 'powerpc64le-linux-*', 'ppc64le', { libcs: ['glibc'], glibc: '2.19' }),
  ...linux('s390x', 's390x-linux-*', 's390x', { libcs: ['glibc'] }),
  ...linux('ia32', 'x86-linux-*', 'i686', { libcs: ['glibc'] }),
  darwin('x64', 'x86_64', 'x86_64'),
  darwin('arm64', 'aarch64', 'arm64'),
  win32('x64', 'x86_64', 'AMD64'),
  win32('arm64', 'aarch64', 'ARM64'),
  win32('ia32', 'x86', 'X86'),
];

/** Platforms without a binary. Each run of `npm run build:prebuilds` prints this list. */
export const UNSUPPORTED = [
  {
    name: 'freebsd-x64',
    why: 'native/os has no *_freebsd.cc for process_identity, release_events and port_owner, and no test could run them',
  },
];

/**
 * Returns a target's name on the command line and in the output, for example linux-arm.armv7.musl.
 */
export function nameOf({ platform, arch, armv, libc }) {
  return [`${platform}-${arch}`, armv && `armv${armv}`, libc].filter(Boolean).join('.');
}

/**
 * Returns the path where prebuildify writes a target's binary, and from which src/native/load.ts
 * loads it.
 */
export function fileOf(target) {
  const [folder, ...tags] = nameOf(target).split('.');
  return `prebuilds/${folder}/${['gateway-lock', ...tags, 'node'].join('.')}`;
}
