import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { Missing } from '../support/capabilities.js';

const PROBE_OFTEN = fileURLToPath(new URL('../fixtures/ask-often.mjs', import.meta.url));
/** Shell commands that limit a new network namespace to two source ports. */
const TWO_PORTS = 'ip link set lo up && echo 40000 40001 > /proc/sys/net/ipv4/ip_local_port_range';

function whyNoNetwork(): Missing {
  const { status } = spawnSync('unshare', ['-n', 'sh', '-c', TWO_PORTS], { stdio: 'ignore' });
  return status === 0 ? null : 'cannot create a network namespace here (unshare -n, ip)';
}

test('probePort() finds a listener even if no source port is free for its connection', async (ctx) => {
  const missing = whyNoNetwork();
  if (missing !== null) return ctx.skip(missing);
  const script = `${TWO_PORTS} && exec "$0" "$1"`;
  const { stdout } = await promisify(execFile)('unshare', ['-n', 'sh', '-c', script, process.execPath, PROBE_OFTEN]);
  expect(stdout).toBe('listening\n'.repeat(6));
});
