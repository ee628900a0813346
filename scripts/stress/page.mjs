// Writes the report of a stress run as one self-contained page, including uPlot, which draws the
// plots.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const BINS = 60;
const SCRIPT = `
const report = JSON.parse(document.getElementById('report').textContent);
const size = { width: 760, height: 260 };
const bars = uPlot.paths.bars({ size: [0.8, 60] });
function draw(title, labels, values, color, xLabel, yLabel) {
  const at = labels.map((_, index) => index);
  new uPlot({
    ...size, title, legend: { show: false }, cursor: { show: false },
    scales: { x: { time: false, range: [-0.6, at.length - 0.4] }, y: { range: (_, min, max) => [0, Math.max(1, max * 1.1)] } },
    axes: [
      { label: xLabel, splits: () => at.filter((i) => i % Math.ceil(at.length / 10) === 0), values: (_, ticks) => ticks.map((i) => labels[i]), grid: { show: false } },
      { label: yLabel, size: 70 },
    ],
    series: [{}, { fill: color, stroke: color, paths: bars, points: { show: false } }],
  }, [at, values], document.getElementById('plots'));
}
draw('Time until the next holder acquires the lock', report.bins.labels, report.bins.counts, '#3366aa', 'milliseconds', 'hand-overs');
if (report.upgradeBins !== null) draw('Time from the start of an upgrade until the successor is the gateway', report.upgradeBins.labels, report.upgradeBins.counts, '#7755aa', 'milliseconds', 'upgrades');
draw('Processes ended, by what they were doing', Object.keys(report.killsByPhase), Object.values(report.killsByPhase), '#aa5533', 'phase', 'processes');
draw('Processes ended, by how they ended', Object.keys(report.killsByEnding), Object.values(report.killsByEnding), '#557755', 'end', 'processes');
document.body.dataset.drawn = 'yes';
`;

/** Returns the page as HTML. `report` is the object that `gateway-lock stress --json` writes. */
export function stressPage(report) {
  const library = readFileSync(require.resolve('uplot/dist/uPlot.iife.min.js'), 'utf8');
  const style = readFileSync(require.resolve('uplot/dist/uPlot.min.css'), 'utf8');
  const upgradeBins = report.upgrades === null ? null : binsOf(report.upgrades.durationsMs);
  const data = { ...report, bins: binsOf(report.handOverMs), upgradeBins, handOverMs: undefined };
  // Escapes `<`, so that the JSON cannot close its script element.
  const json = JSON.stringify(data).replaceAll('<', '\\u003c');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>gateway-lock stress: ${report.mode}</title>
<style>${style}
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 800px; color: #222; background: #fff }
table { border-collapse: collapse } td { padding: 2px 16px 2px 0 } .passed { color: #176b2c } .failed { color: #a11 }
</style></head><body>
<h1>gateway-lock stress: ${report.mode}</h1>
<p class="${report.passed ? 'passed' : 'failed'}"><strong>${escapeHtml(report.verdict)}</strong></p>
<table>${rows(report)}</table>
<div id="plots"></div>
<script type="application/json" id="report">${json}</script>
<script>${library.replaceAll('</script', '<\\/script')}</script>
<script>${SCRIPT}</script>
</body></html>
`;
}

function rows(report) {
  const { handOverMs } = report;
  const cells = {
    'processes ended': `${report.kills}, ${report.killsByPhase.holding} of them holders`,
    'processes that ran the native program': report.nativeWorkers,
    'rounds completed': report.entries,
    'two holders at once': report.doubleHolders.length + report.countedTwice.length,
    'lock stuck': report.stuck ? 'yes' : 'no',
    ...(report.upgrades === null ? {} : upgradeCells(report.upgrades)),
    'hand-over p50, p99, max': percentiles(handOverMs),
    'processes at a time': report.contenders,
    seed: report.seed,
    'duration in seconds': report.seconds,
    system: report.system,
  };
  return Object.entries(cells)
    .map(([name, value]) => `<tr><td>${name}</td><td>${escapeHtml(String(value))}</td></tr>`)
    .join('');
}

function upgradeCells({ started, upgraded, kept, interrupted, takenOver, durationsMs }) {
  const reasons = Object.entries(kept).map(([reason, count]) => `${reason} ${count}`);
  return {
    'upgrades started': started,
    'upgrades completed': upgraded,
    'old gateway kept, by reason': reasons.join(', ') || 'never',
    'old gateway ended during the upgrade': `${interrupted}, and the successor took over in ${takenOver}`,
    'upgrade p50, p99, max': percentiles(durationsMs),
  };
}

function percentiles(sorted) {
  return [0.5, 0.99, 1].map((share) => `${at(sorted, share)} ms`).join(', ');
}

/**
 * Returns the bins of the histogram. The bins end at the 99th percentile, and the last one also
 * counts all larger values.
 */
function binsOf(sorted) {
  const most = Math.max(1, at(sorted, 0.99));
  const width = most / BINS;
  const counts = Array.from({ length: BINS }, () => 0);
  for (const ms of sorted) counts[Math.min(BINS - 1, Math.floor(ms / width))]++;
  return { labels: counts.map((_, index) => (index * width).toFixed(1)), counts };
}

function at(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

function escapeHtml(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
