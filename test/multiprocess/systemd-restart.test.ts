// Restarts and reloads of a gateway's units under a real systemd, while clients connect all the
// time.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, type TestContext, test } from 'vitest';
import { need } from '../support/capabilities.js';
import { COMMAND, gatewayLock } from '../support/command.js';
import { freshDirectory } from '../support/directories.js';
import { failures, type Load, NO_FAILURES, startLoad, whyNoCompiler } from '../support/load.js';
import { type SystemdInstance, systemdOfThisFile } from '../support/systemd.js';
import { until } from '../support/until.js';

const SERVER = fileURLToPath(new URL('../fixtures/adopting-server.mjs', import.meta.url));
const UPGRADING = fileURLToPath(new URL('../fixtures/upgrading-gateway.mjs', import.meta.url));
const ROUNDS = 3;
const systemdOr = systemdOfThisFile();
let lastPort = 21_000;

interface Gateway {
  readonly systemd: SystemdInstance;
  readonly unit: string;
  readonly load: Load;
}

/** Installs the units that `gateway-lock unit` prints, and starts them and the clients. */
async function startUnits(ctx: TestContext, kinds: readonly ('service' | 'socket')[]): Promise<Gateway> {
  need(ctx, whyNoCompiler());
  const systemd = systemdOr(ctx);
  const port = ++lastPort;
  const args = ['--name', `gateway-${port}`, '--port', String(port), '--state-dir', freshDirectory()];
  for (const kind of kinds) {
    const flags = kind === 'socket' ? ['--socket'] : [];
    const { code, out } = await gatewayLock(['unit', 'systemd', ...flags, ...args, '--', process.execPath, SERVER]);
    expect(code).toBe(0);
    await systemd.installUnit(`gateway-${port}.${kind}`, out);
  }
  const unit = `gateway-${port}.service`;
  if (kinds.includes('socket')) await systemd.start(`gateway-${port}.socket`);
  await systemd.start(unit);
  const load = await startLoad({ port, webSockets: 0, networkOf: systemd.leader });
  return { systemd, unit, load };
}

/** Runs a command of systemctl while clients connect. Returns their failures, and the restarts by systemd. */
async function repeat({ systemd, unit, load }: Gateway, command: string) {
  for (let round = 0; round < ROUNDS; round++) {
    const { code, stderr } = await systemd.exec(['systemctl', command, unit], 60_000);
    expect([code, stderr], (await systemd.journal(unit)).join('\n')).toEqual([0, '']);
    const { answered } = await load.report();
    await until(async () => (await load.report()).answered > answered + 10, 'further answers', 30_000);
  }
  return { ...failures(await load.end()), restarts: await systemd.show(unit, 'NRestarts') };
}

/**
 * A service that replaces itself on SIGHUP, with upgrade(). Without ExecStop, systemd would send
 * SIGKILL right after SIGTERM: it never waits for a main process that was not its child when
 * MAINPID named it (unit_kill_context() in systemd 252).
 */
const upgradingService = (command: string, stateDir: string) => `[Service]
Type=notify
NotifyAccess=main
ExecStart=${command}
ExecReload=kill -HUP $MAINPID
ExecStop=${process.execPath} ${COMMAND} stop --state-dir ${stateDir}
Restart=always
RestartPreventExitStatus=78
`;

test('systemctl reload of a gateway that calls upgrade() refuses no client, and systemd follows the new main process', async (ctx) => {
  need(ctx, whyNoCompiler());
  const systemd = systemdOr(ctx);
  const port = ++lastPort;
  const unit = `gateway-${port}.service`;
  const directory = freshDirectory();
  await systemd.installUnit(unit, upgradingService(`${process.execPath} ${UPGRADING} ${directory} ${port}`, directory));
  await systemd.start(unit);
  const load = await startLoad({ port, webSockets: 2, networkOf: systemd.leader });
  const pids = [await systemd.show(unit, 'MainPID')];
  for (let round = 0; round < ROUNDS; round++) {
    expect((await systemd.exec(['systemctl', 'reload', unit], 60_000)).code).toBe(0);
    await until(async () => (await systemd.show(unit, 'MainPID')) !== pids.at(-1), 'another main process', 60_000);
    pids.push(await systemd.show(unit, 'MainPID'));
    const line = `${pids.at(-1)} serving ${port}`;
    await until(async () => (await systemd.journal(unit)).includes(line), line, 60_000);
  }
  expect(new Set(pids).size).toBe(ROUNDS + 1);
  expect(failures(await load.end())).toEqual(NO_FAILURES);
  expect(existsSync(join(directory, 'doubles'))).toBe(false);
  const states = ['ActiveState', 'NRestarts', 'MainPID'].map((property) => systemd.show(unit, property));
  expect(await Promise.all(states)).toEqual(['active', '0', pids.at(-1)]);
  await systemd.stop(unit);
  expect(await systemd.show(unit, 'Result'), (await systemd.journal(unit)).join('\n')).toBe('success');
}, 180_000);

describe('a gateway with the units of `gateway-lock unit systemd`', () => {
  test('systemctl restart refuses no client if there is a socket unit', async (ctx) => {
    const gateway = await startUnits(ctx, ['socket', 'service']);
    expect(await repeat(gateway, 'restart')).toEqual({ ...NO_FAILURES, restarts: '0' });
  });

  test.for<{ kinds: readonly ('service' | 'socket')[] }>([{ kinds: ['service'] }, { kinds: ['socket', 'service'] }])(
    'systemctl reload with the units $kinds refuses no client and keeps the main process',
    { timeout: 180_000 },
    async ({ kinds }, ctx) => {
      const gateway = await startUnits(ctx, kinds);
      const { systemd, unit } = gateway;
      const pid = await systemd.show(unit, 'MainPID');
      expect(await repeat(gateway, 'reload')).toEqual({ ...NO_FAILURES, restarts: '0' });
      expect(await systemd.show(unit, 'MainPID')).toBe(pid);
      expect(await systemd.show(unit, 'ActiveState')).toBe('active');
    },
  );
});
