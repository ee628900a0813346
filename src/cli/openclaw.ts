// Refuses to run an OpenClaw gateway under its own lock. OpenClaw acquires this lock itself, so
// under `run --app openclaw` it would wait for the lock that `run` holds.
import { commandText } from '../internal.js';
import { EXIT } from './exit-codes.js';
import type { GatewayFlags } from './gateway-flags.js';

/**
 * The words after `openclaw gateway` that start a gateway: `run` and options. Other words (stop,
 * status ...) do not start a gateway.
 */
const STARTS_A_GATEWAY = /^(-.*|run)$/;

/**
 * Throws if the program is an OpenClaw gateway that uses the same lock. Does nothing with --lock,
 * which names a different lock.
 *
 * @throws {Error} with exit code 64
 */
export function refuseOpenClaw(words: readonly string[], { app, lock }: GatewayFlags): void {
  if (app !== 'openclaw' || lock !== undefined || !startsGateway(words)) return;
  const text = `--app openclaw: OpenClaw acquires this lock itself and would wait for gateway-lock. Start OpenClaw directly: ${commandText(words)}`;
  throw Object.assign(new Error(text), { exitCode: EXIT.usage });
}

function startsGateway(words: readonly string[]): boolean {
  const program = words.findIndex(isOpenClaw);
  const gateway = program < 0 ? -1 : words.indexOf('gateway', program + 1);
  return gateway >= 0 && STARTS_A_GATEWAY.test(words[gateway + 1] ?? 'run');
}

/**
 * Returns true for `openclaw`, `openclaw@latest`, `openclaw.cmd` and paths such as
 * `/usr/lib/node_modules/openclaw/openclaw.mjs`.
 */
function isOpenClaw(word: string): boolean {
  return word.split(/[\\/]/).some((part) => /^openclaw(@[^@]*|\.[a-z0-9]+)?$/i.test(part));
}
