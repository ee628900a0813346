// npm run bench [-- --json FILE] [--quick] [--only KEY,...] [--no-peers]: compares the speed of the
// package and of its peers (other lock packages) with a C++ program that follows the same lock
// protocol. docs/performance.md explains the figures.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { prepare } from '../scripts/prepare.mjs';
import { killAll } from './contestants.mjs';
import { effortOf } from './effort.mjs';
import * as calls from './figures/calls.mjs';
import * as handover from './figures/handover.mjs';
import * as memory from './figures/memory.mjs';
import * as scale from './figures/scale.mjs';
import * as start from './figures/start.mjs';
import * as waiting from './figures/waiting.mjs';
import { buildFloor } from './floor.mjs';
import { preparePeers } from './peers.mjs';
import { writePlots } from './plots.mjs';
import { machine, table } from './report.mjs';
import { lackOf } from './targets.mjs';
import { removeTemporary } from './temporary.mjs';

const FIGURES = {
  cycle: calls.cycle,
  refused: calls.refused,
  probe: calls.probe,
  gateway: calls.gateway,
  handoff: handover.handoff,
  release_handoff: handover.release_handoff,
  idle_waiter_cpu: waiting.idle_waiter_cpu,
  import: start.imports,
  refused_process: start.refused_process,
  scale_locks: scale.scale_locks,
  scale_contenders: scale.scale_contenders,
  rss_per_lock: memory.rss_per_lock,
  leak: memory.leak,
};

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    'no-peers': { type: 'boolean', default: false },
  },
});
const keys = values.only?.split(',') ?? Object.keys(FIGURES);
// `--only cluster` needs installed servers and cannot be combined with other keys, so it is not in
// FIGURES.
const unknown = keys.filter((key) => FIGURES[key] === undefined && values.only !== 'cluster');
if (unknown.length > 0) {
  console.error(`unknown figure: ${unknown.join(', ')}. Choose from ${Object.keys(FIGURES).join(', ')}`);
  process.exit(2);
}

prepare();
if (values.only === 'cluster') {
  const { clusterTable, measureCluster } = await import('./cluster/main.mjs');
  const figures = await measureCluster();
  console.log(clusterTable(figures));
  if (values.json) writeFileSync(values.json, `${JSON.stringify({ machine: machine(), figures }, null, 1)}\n`);
  process.exit(0);
}
buildFloor();
const bench = { quick: values.quick, effort: effortOf(values.quick), peers: preparePeers(!values['no-peers']) };
try {
  const figures = await measure();
  console.log(table(figures));
  if (values.json) writeFileSync(values.json, `${JSON.stringify({ machine: machine(), figures }, null, 1)}\n`);
  // Only a complete run writes the plots, because the README shows them.
  if (!values.quick && !values.only && !values['no-peers']) writePlots(figures);
} finally {
  await killAll();
  removeTemporary();
}

async function measure() {
  const figures = {};
  for (const key of keys) {
    const began = performance.now();
    process.stderr.write(`gateway-lock: measuring ${key} ... `);
    const figure = await FIGURES[key](bench);
    figures[key] = { ...figure, notInFull: lackOf(key, figure) ?? undefined };
    process.stderr.write(`${((performance.now() - began) / 1000).toFixed(1)} s\n`);
  }
  return figures;
}
