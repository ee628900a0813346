// Restarts with this package. Each function starts a gateway and returns its port and `restart`,
// which resolves when the next process serves. `prepare` waits until the next restart is possible.
import { KeptProgram } from '../../test/support/kept-program.ts';
import { UpgradingGateway } from '../../test/support/upgrading-gateway.ts';

/** Without this flag, each further restart in a row would wait twice as long. */
export const NO_DELAY = ['--restart-delay', '0'];

export async function upgrade() {
  const gateway = await UpgradingGateway.start();
  return { port: gateway.port, restart: () => gateway.upgrade() };
}

export async function keeperReload() {
  const kept = await KeptProgram.start(['--reload-on', 'SIGHUP']);
  return { port: kept.port, restart: () => kept.reload() };
}

export async function keeperRestart() {
  const kept = await KeptProgram.start(['--restart', 'on-failure', ...NO_DELAY]);
  return { port: kept.port, restart: () => killProgram(kept) };
}

export async function keeperStandby() {
  const kept = await KeptProgram.start(['--standby', ...NO_DELAY]);
  return { port: kept.port, prepare: () => kept.standby(), restart: () => killProgram(kept) };
}

async function killProgram(kept) {
  const { pid } = kept.record();
  process.kill(pid, 'SIGKILL');
  await kept.waitForOther(pid);
}
