// npm run bench [-- --json FILE] [--quick] [--only KEY,...] [--no-peers]: compares the speed of the
// package and of its peers (other lock packages) with a C++ program that follows the same lock
// protocol, and prints who is ahead in each figure. docs/performance.md explains the figures.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { prepare } from '../scripts/prepare.mjs';
import { aheadInClusters, aheadInFigures, aheadInRestarts } from './ahead.mjs';
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
  cycle_kept: calls.cycle_kept,
  cycle_existing: calls.cycle_existing,
  refused: calls.refused,
  probe: calls.probe,
  gateway: calls.gateway,
  handoff: handover.handoff,
  release_handoff: handover.release_handoff,
  idle_waiter_cpu: waiting.idle_waiter_cpu,
  import: start.imports,
  import_lock: start.import_lock,
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
// These need other installed software and cannot be combined with other keys, so they are not in
// FIGURES.
const SEPARATE = { cluster: compareClusters, restart: compareRestarts };
const separate = SEPARATE[values.only];
const unknown = separate ? [] : keys.filter((key) => FIGURES[key] === undefined);
if (unknown.length > 0) {
  const known = [...Object.keys(FIGURES), ...Object.keys(SEPARATE)];
  console.error(`unknown figure: ${unknown.join(', ')}. Choose from ${known.join(', ')}`);
  process.exit(2);
}

prepare();
if (separate) {
  const { figures, text } = await separate();
  console.log(text);
  if (values.json) writeFileSync(values.json, `${JSON.stringify({ machine: machine(), figures }, null, 1)}\n`);
  process.exit(0);
}
buildFloor();
const bench = { quick: values.quick, effort: effortOf(values.quick), peers: preparePeers(!values['no-peers']) };
try {
  const figures = await measure();
  console.log(table(figures));
  console.log(['', ...aheadInFigures(figures)].join('\n'));
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

async function compareClusters() {
  const { clusterTable, measureCluster } = await import('./cluster/main.mjs');
  const figures = await measureCluster();
  return { figures, text: [clusterTable(figures), '', ...aheadInClusters(figures)].join('\n') };
}

async function compareRestarts() {
  const { measureRestarts } = await import('./restart/main.mjs');
  const { restartTables } = await import('./restart/tables.mjs');
  const figures = await measureRestarts();
  return { figures, text: [restartTables(figures), '', ...aheadInRestarts(figures)].join('\n') };
}
