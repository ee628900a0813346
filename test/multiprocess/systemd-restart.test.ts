// Restarts and reloads of a gateway's units under a real systemd, while clients connect all the
// time.
import { fileURLToPath } from 'node:url';
import { describe, expect, type TestContext, test } from 'vitest';
import { need } from '../support/capabilities.js';
import { gatewayLock } from '../support/command.js';
import { freshDirectory } from '../support/directories.js';
import { failures, type Load, NO_FAILURES, startLoad, whyNoCompiler } from '../support/load.js';
import { type SystemdInstance, systemdOfThisFile } from '../support/systemd.js';
import { until } from '../support/until.js';

const SERVER = fileURLToPath(new URL('../fixtures/adopting-server.mjs', import.meta.url));
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
