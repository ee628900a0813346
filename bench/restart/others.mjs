// Restarts without this package. Each function starts a server and returns its port and `restart`,
// which resolves when the next process serves.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { start, untilPrinted } from '../../test/support/command.ts';
import { freshDirectory } from '../../test/support/directories.ts';
import { freePort } from '../../test/support/free-port.ts';
import { pm2OfThisTest } from '../../test/support/pm2.ts';
import { bootSystemd } from '../../test/support/systemd.ts';
import { until } from '../../test/support/until.ts';
import { context, onTestFinished, Skipped } from './cleanup.mjs';

const SERVER = fileURLToPath(new URL('server.mjs', import.meta.url));
const CLUSTER = fileURLToPath(new URL('cluster-primary.mjs', import.meta.url));
const ADOPTING = fileURLToPath(new URL('../../test/fixtures/adopting-server.mjs', import.meta.url));
const NGINX = ['/usr/sbin/nginx', '/usr/local/sbin/nginx', '/usr/bin/nginx'];
const STEP_MS = 30_000;

export async function pm2Reload() {
  const pm2 = pm2OfThisTest(context);
  const port = await freePort();
  await pm2.run(['start', SERVER, '--name', 'server', '-i', '1'], { PORT: String(port) });
  await untilServes(port);
  return { port, restart: () => pm2.run(['reload', 'server']) };
}

export async function nodeCluster() {
  const port = await freePort();
  const run = startNode(CLUSTER, port);
  await untilServes(port);
  let replaced = 0;
  const restart = async () => {
    run.child.kill('SIGHUP');
    replaced++;
    await until(() => run.out.split('replaced\n').length > replaced, 'a new worker', STEP_MS);
  };
  return { port, restart };
}

export async function plainRestart() {
  const port = await freePort();
  const serve = async () => {
    const started = startNode(SERVER, port);
    await untilPrinted(started, /serving/);
    return started;
  };
  let run = await serve();
  const restart = async () => {
    run.child.kill('SIGTERM');
    await run.ended;
    run = await serve();
  };
  return { port, restart };
}

function startNode(file, port) {
  return start([file], { program: [process.execPath], env: { PORT: String(port) } });
}

export async function nginxReload() {
  const nginx = NGINX.find((path) => existsSync(path));
  if (nginx === undefined) throw new Skipped('needs nginx, from the Debian package nginx-light');
  const port = await freePort();
  const directory = nginxDirectory(port);
  // Without -e, nginx opens the log file of the system before it reads the config.
  const command = [nginx, '-p', directory, '-c', 'nginx.conf', '-e', 'error.log'];
  const master = start([], { program: command });
  await untilServes(port);
  const restart = async () => {
    const before = childrenOf(master.pid);
    await start(['-s', 'reload'], { program: command }).ended;
    const isReplaced = (now) => now.length > 0 && now.every((pid) => !before.includes(pid));
    await until(() => isReplaced(childrenOf(master.pid)), 'a new worker of nginx', STEP_MS);
  };
  return { port, restart };
}

/** Returns a temporary directory with a config whose files are all in it. */
function nginxDirectory(port) {
  const directory = freshDirectory();
  mkdirSync(join(directory, 'temporary'));
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `  ${name}_temp_path temporary/${name};\n`)
    .join('');
  writeFileSync(
    join(directory, 'nginx.conf'),
    `daemon off;
worker_processes 1;
pid nginx.pid;
error_log error.log;
events {}
http {
  access_log off;
${temporary}  server {
    listen 127.0.0.1:${port} backlog=4096;
    return 200 'served';
  }
}
`,
  );
  return directory;
}

function childrenOf(pid) {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
}

/** Systemd has a network of its own, so any port is free. */
const SYSTEMD_PORT = 21_000;
/** By default systemd refuses the sixth start within 10 s. */
const NO_START_LIMIT = '[Unit]\nStartLimitIntervalSec=0\n';

export async function systemdRestart() {
  const systemd = await bootSystemd();
  if ('reason' in systemd) throw new Skipped(systemd.reason);
  onTestFinished(() => systemd.end());
  await systemd.installUnit('server.socket', `[Socket]\nListenStream=127.0.0.1:${SYSTEMD_PORT}\nBacklog=4096\n`);
  await systemd.installUnit(
    'server.service',
    `${NO_START_LIMIT}[Service]\nExecStart=${process.execPath} ${ADOPTING}\n`,
  );
  await systemd.start('server.socket');
  await systemd.start('server.service');
  const restart = async () => {
    const { code, stderr } = await systemd.exec(['systemctl', 'restart', 'server.service'], STEP_MS);
    if (code !== 0) throw new Error(`systemctl restart: ${stderr}`);
  };
  return { port: SYSTEMD_PORT, networkOf: systemd.leader, restart };
}

async function untilServes(port) {
  const serves = () =>
    fetch(`http://127.0.0.1:${port}/`).then(
      ({ ok }) => ok,
      () => false,
    );
  await until(serves, 'the first answer', STEP_MS);
}
