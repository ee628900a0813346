// Lists the platforms with a published binary. The build, the gates, SHA256SUMS and
// docs/platforms.md use this list.

/** The oldest systems on which the binaries load. */
export const FLOOR = { glibc: '2.17', macos: '11.0', windows: '10' };

const linux = (arch, triple, processor, more = {}) =>
  ['glibc', 'musl'].map((libc) => ({
    platform: 'linux',
    arch,
    libc,
    triple: triple.replace('*', libc === 'glibc' ? 'gnu' : 'musl') + (libc === 'glibc' ? `.${FLOOR.glibc}` : ''),
    system: 'Linux',
    processor,
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
