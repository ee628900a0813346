// Formats the table of figures for the terminal.
import { statfsSync } from 'node:fs';
import { cpus, loadavg, release, tmpdir } from 'node:os';
import { lackOf, TARGETS, verdictOn } from './targets.mjs';

const PEER_COLUMNS = 3;
/** The names of file systems, by magic number in statfs(2). */
const FILE_SYSTEMS = {
  61267: 'ext4',
  16914836: 'tmpfs',
  2435016766: 'btrfs',
  1481003842: 'xfs',
  2035054128: 'overlayfs',
};
/** The machine's load average before the bench adds its own load. */
const loadBefore = Number(loadavg()[0].toFixed(1));

export function table(figures) {
  const rows = Object.entries(figures).map(([key, figure]) => row(key, figure));
  const head = ['figure', 'floor', 'ours', 'unit', 'ratio', 'target', '', 'best peers (ratio)'];
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((cells) => cells[column].length)));
  const line = (cells) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column]))
      .join('  ')
      .trimEnd();
  return ['', ...[head, ...rows].map(line), '', ...lacks(figures), ...notes(figures), ...missing(figures)].join('\n');
}

function row(key, figure) {
  const { floor, ours, unit, ratio } = figure;
  const numbers = [String(floor), String(ours), unit, String(ratio)];
  return [key, ...numbers, TARGETS[key].text, verdictOn(key, figure), bestPeers(figure)];
}

export function bestPeers({ peers }) {
  const measured = Object.entries(peers).filter(([, peer]) => peer.value !== undefined);
  const best = measured.sort(([, a], [, b]) => a.value - b.value).slice(0, PEER_COLUMNS);
  return best.map(([name, { value, ratio }]) => `${name} ${value} (${ratio})`).join(', ');
}

function lacks(figures) {
  const found = Object.entries(figures).map(([key, figure]) => [key, lackOf(key, figure)]);
  return found.filter(([, lack]) => lack !== null).map(([key, lack]) => `not in full: ${key} (${lack})`);
}

function notes(figures) {
  const peers = Object.entries(figures).flatMap(([key, figure]) =>
    Object.entries(figure.peers).map(([name, { note }]) => ({ key, name, note })),
  );
  return peers.filter(({ note }) => note !== undefined).map(({ key, name, note }) => `${name} in ${key}: ${note}`);
}

/**
 * For each figure and each reason why peers were not measured, returns one line with their names.
 */
function missing(figures) {
  const groups = new Map();
  for (const [key, { peers }] of Object.entries(figures)) {
    for (const [name, { notMeasured }] of Object.entries(peers)) {
      if (notMeasured === undefined) continue;
      const group = `not measured in ${key} (${notMeasured}):`;
      groups.set(group, [...(groups.get(group) ?? []), name]);
    }
  }
  return [...groups].map(([group, names]) => `${group} ${names.join(', ')}`);
}

export function machine() {
  const [{ model }] = cpus();
  return {
    node: process.version,
    system: `${process.platform} ${release()}`,
    cpu: model,
    cores: cpus().length,
    fileSystem: FILE_SYSTEMS[statfsSync(tmpdir()).type] ?? 'unknown file system',
    load: loadBefore,
    date: new Date().toISOString().slice(0, 10),
  };
}
