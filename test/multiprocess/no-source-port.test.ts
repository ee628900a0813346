import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { Missing } from '../support/capabilities.js';

const ASK_OFTEN = fileURLToPath(new URL('../fixtures/ask-often.mjs', import.meta.url));
/** A network of its own, in which the system has two ports to give away. */
const TWO_PORTS = 'ip link set lo up && echo 40000 40001 > /proc/sys/net/ipv4/ip_local_port_range';

function whyNoNetwork(): Missing {
  const { status } = spawnSync('unshare', ['-n', 'sh', '-c', TWO_PORTS], { stdio: 'ignore' });
  return status === 0 ? null : 'cannot make a network namespace here (unshare -n, ip)';
}

test('a listener is seen also when every source port to ask it from is used up', async (ctx) => {
  const missing = whyNoNetwork();
  if (missing !== null) return ctx.skip(missing);
  const script = `${TWO_PORTS} && exec "$0" "$1"`;
  const { stdout } = await promisify(execFile)('unshare', ['-n', 'sh', '-c', script, process.execPath, ASK_OFTEN]);
  expect(stdout).toBe('listening\n'.repeat(6));
});
