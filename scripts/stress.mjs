// npm run stress [-- --seconds N]: the kill -9 loop for as long as you like (60 s unless told), with a
// progress bar and a verdict. With --mode cluster: histories of cluster locks on etcd and PostgreSQL.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { prepare } from './prepare.mjs';

const ROUND = 100;
const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, mode: { type: 'string', default: 'kill' } },
});
const seconds = Number(values.seconds);
if (!(seconds > 0)) {
  console.error(`--seconds must be a number above 0, not '${values.seconds}'`);
  process.exit(64);
}

prepare();
if (values.mode === 'cluster') {
  const { stressCluster } = await import('../test/support/cluster/history/stress.mjs');
  process.exit((await stressCluster(seconds)) ? 0 : 1);
}
const { killLoop } = await import('../test/support/kill-loop.mjs');
const started = performance.now();
const total = { kills: 0, killedInside: 0, entries: 0 };
const handoverMs = [];
const faults = [];

do {
  const directory = mkdtempSync(join(tmpdir(), 'gateway-lock-stress-'));
  const onKill = (kills) => drawBar(total.kills + kills);
  const round = await killLoop({ directory, locking: true, contenders: 8, kills: ROUND, timeoutMs: 120_000, onKill });
  rmSync(directory, { recursive: true, force: true });
  for (const key of Object.keys(total)) total[key] += round[key];
  handoverMs.push(...round.handoverMs);
  faults.push(...round.countedTwice.map((value) => `${value} was counted twice`), ...round.intruders, ...round.deaths);
} while (faults.length === 0 && elapsed() < seconds);

handoverMs.sort((a, b) => a - b);
console.log(
  `\n${total.kills} killed, ${total.killedInside} of them inside; ${total.entries} entries; hand-over after a kill ` +
    `p50 ${percentile(0.5)} ms, p99 ${percentile(0.99)} ms`,
);
console.log(faults.length === 0 ? 'verdict: never two inside' : `verdict: BROKEN\n${faults.join('\n')}`);
process.exit(faults.length === 0 ? 0 : 1);

function elapsed() {
  return (performance.now() - started) / 1000;
}

function percentile(share) {
  return handoverMs[Math.floor(handoverMs.length * share)]?.toFixed(1);
}

function drawBar(kills) {
  if (!process.stderr.isTTY) return;
  const done = Math.min(1, elapsed() / seconds);
  process.stderr.write(`\r[${'#'.repeat(30 * done).padEnd(30)}] ${kills} kills`);
}
