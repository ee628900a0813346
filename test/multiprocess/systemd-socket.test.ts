// Gateways beside a socket unit of a real systemd.
import { expect, type TestContext, test } from 'vitest';
import { COMMAND, gatewayLock } from '../support/command.js';
import { freshDirectory } from '../support/directories.js';
import { type SystemdInstance, systemdOfThisFile } from '../support/systemd.js';
import { until } from '../support/until.js';

const systemdOr = systemdOfThisFile();
let lastPort = 22_000;

/** Starts a socket unit with this ListenStream, beside a demo gateway on 127.0.0.1 that does not run yet. */
async function startSocket(ctx: TestContext, listenStream: (port: number) => string) {
  const systemd = systemdOr(ctx);
  const port = ++lastPort;
  const name = `gateway-${port}`;
  const state = ['--state-dir', freshDirectory(), '--port', String(port)];
  const { out } = await gatewayLock(['unit', 'systemd', '--name', name, ...state]);
  await systemd.installUnit(`${name}.service`, out);
  await systemd.installUnit(`${name}.socket`, `[Socket]\nListenStream=${listenStream(port)}\n`);
  await systemd.start(`${name}.socket`);
  return { systemd, port, name, state };
}

const loopback = (port: number) => `127.0.0.1:${port}`;

/** Runs the command in the namespaces of systemd. */
function inside(systemd: SystemdInstance, ...args: readonly string[]) {
  return systemd.exec([process.execPath, COMMAND, ...args]);
}

test('a gateway that is started by hand names the socket unit on whose port systemd listens', async (ctx) => {
  const { systemd, name, state } = await startSocket(ctx, loopback);
  const { code, stderr } = await inside(systemd, 'serve', ...state);
  expect(code).toBe(1);
  expect(stderr).toContain(`systemd listens on that port for ${name}.socket.`);
  expect(stderr).toContain(`(systemctl start ${name}.service)`);
  expect(stderr).toContain(`(systemctl stop ${name}.socket)`);
  expect(stderr).not.toContain('kill');
});

test('doctor names the socket unit on whose port systemd listens', async (ctx) => {
  const { systemd, name, state } = await startSocket(ctx, loopback);
  const { stdout } = await inside(systemd, 'doctor', ...state);
  expect(stdout).toContain(`stop the socket unit (systemctl stop ${name}.socket)`);
  expect(stdout).not.toContain('kill 1');
});

test('a service adopts the socket of its socket unit if host and port are the same', async (ctx) => {
  const { systemd, name } = await startSocket(ctx, loopback);
  await systemd.start(`${name}.service`);
  expect((await systemd.journal(`${name}.service`)).join('\n')).toContain('gateway listening on');
  await systemd.stop(`${name}.service`);
  expect(await systemd.show(`${name}.socket`, 'SubState')).toBe('listening');
});

test('a service whose socket unit listens on another address says what to write into the unit', async (ctx) => {
  const { systemd, name, port, state } = await startSocket(ctx, (number) => `0.0.0.0:${number}`);
  const words = [process.execPath, COMMAND, 'run', ...state, '--', 'true'].join(' ');
  await systemd.installUnit(`${name}.service`, `[Service]\nExecStart=${words}\n`);
  await systemd.exec(['systemctl', 'start', `${name}.service`]);
  const advice = `Set ListenStream=127.0.0.1:${port} in ${name}.socket`;
  await until(async () => (await systemd.journal(`${name}.service`)).join('\n').includes(advice), advice, 20_000);
  await systemd.stop(`${name}.service`); // the process may still use its directory
  expect((await systemd.journal(`${name}.service`)).join('\n')).not.toContain('kill');
});
