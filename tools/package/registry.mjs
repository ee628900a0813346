// A registry on loopback (verdaccio) with an empty store; what it does not have it fetches from npm's own registry.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

const LIMIT_MS = 60_000;

export async function startRegistry(modules, work) {
  const folder = join(work, 'registry');
  mkdirSync(folder);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  writeFileSync(join(folder, 'config.yaml'), configuration(folder));
  // npm does not publish without a token, and this registry does not ask whose it is.
  const userConfig = join(folder, 'npmrc');
  writeFileSync(
    userConfig,
    `registry=${url}\n//127.0.0.1:${port}/:_authToken=anybody\nupdate-notifier=false\naudit=false\nfund=false\n`,
  );
  const child = spawn(
    process.execPath,
    [
      join(modules, 'verdaccio/bin/verdaccio'),
      '--config',
      join(folder, 'config.yaml'),
      '--listen',
      `127.0.0.1:${port}`,
    ],
    { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  await answering(url, child, () => output);
  return { url, userConfig, stop: () => child.kill() };
}

function configuration(folder) {
  const upstream = execFileSync('npm', ['config', 'get', 'registry'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
  const access = 'access: $all\n    publish: $anonymous $authenticated $all\n    unpublish: $all';
  return `storage: ${join(folder, 'storage')}
uplinks:
  upstream:
    url: ${upstream}
    cache: true
packages:
  'gateway-lock':
    ${access}
  '**':
    ${access}
    proxy: upstream
log: { type: stdout, format: pretty, level: warn }
`;
}

async function answering(url, child, output) {
  const deadline = performance.now() + LIMIT_MS;
  while (performance.now() < deadline) {
    const answer = await fetch(`${url}-/ping`).catch(() => null);
    if (answer?.ok) return;
    if (child.exitCode !== null) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  child.kill();
  throw new Error(`the registry did not start: ${output()}`);
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}
