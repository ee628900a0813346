// Runs Verdaccio, an npm registry, on loopback with an empty store. It fetches all packages except
// gateway-lock from the registry that npm is configured to use.
import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

const START_LIMIT_MS = 60_000;

/**
 * Starts the registry and resolves once it accepts connections. `modules` is the node_modules
 * folder that contains verdaccio.
 */
export async function startRegistry(modules, work) {
  const folder = join(work, 'registry');
  mkdirSync(folder);
  const host = `127.0.0.1:${await freePort()}`;
  const [config, userConfig] = [join(folder, 'config.yaml'), join(folder, 'npmrc')];
  writeFileSync(config, configuration(folder));
  // npm requires a token to publish. This registry accepts any.
  const token = `//${host}/:_authToken=anybody`;
  writeFileSync(userConfig, `registry=http://${host}/\n${token}\nupdate-notifier=false\naudit=false\nfund=false\n`);
  const args = ['--config', config, '--listen', host];
  const child = fork(join(modules, 'verdaccio/bin/verdaccio'), args, {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  await started(child);
  return { url: `http://${host}/`, userConfig, stop: () => child.kill() };
}

function configuration(folder) {
  const options = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] };
  const upstream = execFileSync('npm', ['config', 'get', 'registry'], options).trim();
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

/**
 * Resolves once Verdaccio is listening, which it reports in a message to its parent process
 * (bootstrap.js, listenDefaultCallback).
 */
async function started(child) {
  const timer = setTimeout(() => child.kill(), START_LIMIT_MS);
  const exited = once(child, 'exit').then(() => Promise.reject(new Error('the registry did not start')));
  await Promise.race([once(child, 'message'), exited]).finally(() => clearTimeout(timer));
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}
