// node bench/render.mjs RUN.json...: writes the tables in docs/performance.md and the plots in
// bench/results from files written by `npm run bench -- --json`. With several files, uses the run
// with the median result for each figure. A file from `--only restart` writes only the tables of
// restarts.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { writePlots } from './plots.mjs';
import { bestPeers } from './report.mjs';
import { restartTables } from './restart/tables.mjs';
import { lackOf, meets, TARGETS } from './targets.mjs';

const PAGE = fileURLToPath(new URL('../docs/performance.md', import.meta.url));
const BEGIN = '<!-- written by bench/render.mjs -->';
const BEGIN_RESTARTS = '<!-- restarts, written by bench/render.mjs -->';
const END = '<!-- until here -->';

const files = process.argv.slice(2).map((file) => JSON.parse(readFileSync(file, 'utf8')));
if (files.length === 0) {
  console.error('usage: node bench/render.mjs RUN.json...');
  process.exit(2);
}
const restarts = files.findLast(({ figures }) => figures.restarts !== undefined);
const runs = files.filter(({ figures }) => figures.restarts === undefined);
const figures = Object.fromEntries(Object.keys(TARGETS).flatMap((key) => middleOf(key)));
if (restarts) replace(BEGIN_RESTARTS, restartSection());
if (runs.length > 0) {
  replace(BEGIN, page());
  writePlots(figures);
}

function middleOf(key) {
  const measured = runs.map(({ figures }) => figures[key]).filter(Boolean);
  const sorted = measured.sort((a, b) => TARGETS[key].of(a) - TARGETS[key].of(b));
  return measured.length > 0 ? [[key, sorted[measured.length >> 1]]] : [];
}

/** Replaces the text between the comments `begin` and END. */
function replace(begin, text) {
  const old = readFileSync(PAGE, 'utf8');
  const from = old.indexOf(begin);
  const to = old.indexOf(END, from);
  if (from < 0 || to < 0) throw new Error(`${PAGE} has no comments ${begin} and ${END}`);
  writeFileSync(PAGE, `${old.slice(0, from)}${begin}\n${text}\n${old.slice(to)}`);
}

function restartSection() {
  const { load, cores } = restarts.machine;
  const busy = load > cores ? ' Other programs kept the machine busy, so the times are too long.' : '';
  return `${machineOf([restarts])}${busy}\n\n${restartTables(restarts.figures)}`;
}

function machineOf(runs) {
  const { node, system, cpu, cores, fileSystem, date } = runs[0].machine;
  const loads = runs.map(({ machine }) => machine.load).join(', ');
  const count = runs.length === 1 ? '1 run, load at its start' : `${runs.length} runs, load at their start`;
  return `${cores} cores (${cpu}), ${system}, Node ${node}, ${fileSystem}; ${date}; ${count} ${loads}.`;
}

function page() {
  const rows = Object.entries(figures).map(([key, figure]) => `| ${cellsOf(key, figure).join(' | ')} |`);
  return [
    machineOf(runs),
    '',
    '| figure | unit | floor | ours | ratio | target | met | best peers (ratio) |',
    '|---|---|---|---|---|---|---|---|',
    ...rows,
    '',
    ...details(),
  ].join('\n');
}

function cellsOf(key, figure) {
  const { unit, floor, ours, ratio } = figure;
  const met = runs.filter(({ figures }) => figures[key] && meets(key, figures[key])).length;
  return [`\`${key}\``, unit, floor, ours, ratio, TARGETS[key].text, `${met} of ${runs.length}`, bestPeers(figure)];
}

function details() {
  const { handoff, release_handoff, leak, scale_locks, scale_contenders } = figures;
  return [
    ...tail('handoff', handoff),
    ...tail('release_handoff', release_handoff),
    ...(leak
      ? [
          `\`leak\`: ${leak.cycles} cycles, ${leak.descriptors} more descriptors, ${leak.bytesPerCycle} bytes per cycle.`,
        ]
      : []),
    ...series('scale_locks', scale_locks),
    ...series('scale_contenders', scale_contenders),
    ...Object.entries(figures).flatMap(([key, figure]) => lackingIn(key, figure)),
  ];
}

function tail(key, figure) {
  return figure ? [`\`${key}\` p99: floor ${figure.p99.floor} ms, ours ${figure.p99.ours} ms.`] : [];
}

function lackingIn(key, figure) {
  const lack = lackOf(key, figure);
  return lack === null ? [] : [`\`${key}\` was not measured in full: ${lack}.`];
}

function series(key, figure) {
  if (!figure) return [];
  const points = figure.points.map(({ count, ours, floor }) => `${count}: ${ours} ${figure.unit} (floor ${floor})`);
  const left = (figure.left ?? []).map(({ count, notMeasured }) => `${count} was not measured: ${notMeasured}`);
  return [`\`${key}\`: ${[...points, ...left].join('; ')}.`];
}
