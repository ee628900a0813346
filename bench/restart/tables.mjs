// Formats the results of bench/restart/measure.mjs as Markdown tables.
const RESTART_HEAD = ['restart', 'restarts', 'connections', 'refused', 'reset', 'hung', 'gap p50', 'p99', 'max (ms)'];
const ANSWER_HEAD = ['SIGKILL to first 200', 'kills', 'p50', 'p99', 'max (ms)'];

export function restartTables({ restarts, firstAnswers }) {
  return [
    ...tableOf(RESTART_HEAD, restarts, ({ restarts, connections, refused, reset, hung, gapMs }) => [
      ...[restarts, connections, refused, reset, hung],
      ...timesOf(gapMs),
    ]),
    '',
    ...tableOf(ANSWER_HEAD, firstAnswers, ({ kills, ms }) => [kills, ...timesOf(ms)]),
    ...lacksOf({ ...restarts, ...firstAnswers }),
  ].join('\n');
}

const timesOf = ({ p50, p99, max }) => [p50, p99, max];

function tableOf(head, results, cellsOf) {
  const measured = Object.entries(results).filter(([, result]) => result.notMeasured === undefined);
  const rows = measured.map(([name, result]) => [name, ...cellsOf(result)]);
  return [head, head.map((_, column) => (column === 0 ? '---' : '---:')), ...rows].map(
    (cells) => `| ${cells.join(' | ')} |`,
  );
}

function lacksOf(results) {
  const missing = Object.entries(results).filter(([, { notMeasured }]) => notMeasured !== undefined);
  return missing.flatMap(([name, { notMeasured }]) => ['', `Not measured: ${name} (${notMeasured}).`]);
}
