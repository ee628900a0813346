// OpenClaw acquires its gateway lock itself: under `run --app openclaw` it would wait for the lock
// that this command holds.
import { commandText } from '../index.js';
import { EXIT } from './exit-codes.js';
import type { GatewayFlags } from './gateway-flags.js';

/**
 * Options and `run` start a gateway; other words after `openclaw gateway` (stop, status ...) do
 * not.
 */
const STARTS_A_GATEWAY = /^(-.*|run)$/;

/**
 * Throws if the program is an OpenClaw gateway that uses the same lock. With --lock the locks
 * differ.
 *
 * @throws {Error} exit code 64
 */
export function refuseOpenClaw(words: readonly string[], { app, lock }: GatewayFlags): void {
  if (app !== 'openclaw' || lock !== undefined || !startsGateway(words)) return;
  const text = `--app openclaw: OpenClaw acquires this lock itself and would wait for gateway-lock. Start it directly: ${commandText(words)}`;
  throw Object.assign(new Error(text), { exitCode: EXIT.usage });
}

function startsGateway(words: readonly string[]): boolean {
  const program = words.findIndex(isOpenClaw);
  const gateway = program < 0 ? -1 : words.indexOf('gateway', program + 1);
  return gateway >= 0 && STARTS_A_GATEWAY.test(words[gateway + 1] ?? 'run');
}

/** `openclaw`, `openclaw@latest`, `openclaw.cmd`, `/usr/lib/node_modules/openclaw/openclaw.mjs`. */
function isOpenClaw(word: string): boolean {
  return word.split(/[\\/]/).some((part) => /^openclaw(@[^@]*|\.[a-z0-9]+)?$/i.test(part));
}
