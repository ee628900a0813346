// Writes the report of a stress run as one self-contained page, including uPlot, which draws the
// plots.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const BINS = 60;
/** Distances between two labels of an axis that counts. */
const COUNT_STEPS = [1, 10, 100, 1000, 10_000, 100_000].flatMap((power) => [power, 2 * power, 5 * power]);
/** The order in which the page shows how processes ended. */
const ENDINGS = ['kill', 'stop', 'term', 'exit', 'throw', 'abort', 'terminate', 'replaced'];
/** Numbers from which the width of a bin is chosen, times a power of ten. */
const WIDTHS = [1, 2, 5, 10];
const SCRIPT = `
const report = JSON.parse(document.getElementById('report').textContent);
const plots = document.getElementById('plots');
const dark = matchMedia('(prefers-color-scheme: dark)');
const bars = uPlot.paths.bars({ size: [0.8, 60] });
function draw(title, labels, values, color, xLabel, yLabel, step) {
  const at = labels.map((_, index) => index);
  const stroke = getComputedStyle(document.body).color;
  const grid = { stroke: dark.matches ? '#444' : '#ddd', width: 1 };
  new uPlot({
    width: plots.clientWidth, height: 260, title, legend: { show: false }, cursor: { show: false },
    scales: { x: { time: false, range: [-0.6, at.length - 0.4] }, y: { range: (_, min, max) => [0, Math.max(1, max * 1.1)] } },
    axes: [
      { label: xLabel, stroke, size: 50, splits: () => at.filter((i) => i % step === 0), values: (_, ticks) => ticks.map((i) => labels[i]), grid: { show: false }, ticks: { show: false } },
      { label: yLabel, stroke, size: 70, incrs: report.countSteps, grid, ticks: grid },
    ],
    // A bar of height 0 would be drawn as a line.
    series: [{}, { fill: color, stroke: color, paths: bars, points: { show: false } }],
  }, [at, values.map((value) => value || null)], plots);
}
function drawTimes(title, { labels, counts }, color, yLabel) {
  draw(title, labels, counts, color, 'milliseconds (the last bar also counts longer times)', yLabel, 6);
}
function drawCounts(title, counts, color) {
  const labels = Object.entries(counts).map(([name, count]) => name + '\\n' + count.toLocaleString('en'));
  draw(title, labels, Object.values(counts), color, '', 'processes', 1);
}
function drawAll() {
  plots.replaceChildren();
  drawTimes('Time from the end of a holder until the next holder', report.bins, '#4477bb', 'hand-overs');
  if (report.upgradeBins !== null) drawTimes('Time from the start of an upgrade until the successor is the gateway', report.upgradeBins, '#8866bb', 'upgrades');
  drawCounts('Processes ended, by what they were doing', report.killsByPhase, '#bb6644');
  drawCounts('Processes ended, by how they ended', report.killsByEnding, '#558855');
  document.body.dataset.drawn = 'yes';
}
drawAll();
dark.addEventListener('change', drawAll);
`;

/** Returns the page as HTML. `report` is the object that `gateway-lock stress --json` writes. */
export function stressPage(report) {
  const library = readFileSync(require.resolve('uplot/dist/uPlot.iife.min.js'), 'utf8');
  const style = readFileSync(require.resolve('uplot/dist/uPlot.min.css'), 'utf8');
  const upgradeBins = report.upgrades === null ? null : binsOf(report.upgrades.durationsMs);
  const data = {
    killsByPhase: report.killsByPhase,
    killsByEnding: inOrder(report.killsByEnding),
    bins: binsOf(report.handOverMs),
    upgradeBins,
    countSteps: COUNT_STEPS,
  };
  // Escapes `<`, so that the JSON cannot close its script element.
  const json = JSON.stringify(data).replaceAll('<', '\\u003c');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>gateway-lock stress: ${report.mode}</title>
<style>${style}
:root { color-scheme: light dark }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 800px; padding: 0 1em; color: #222; background: #fff }
table { border-collapse: collapse; margin-bottom: 2em } td { padding: 2px 16px 2px 0; vertical-align: top }
.passed { color: #176b2c } .failed { color: #a11 } .uplot { margin-bottom: 1.5em }
@media (prefers-color-scheme: dark) {
  body { color: #ddd; background: #1b1b1b } .passed { color: #6cc582 } .failed { color: #ff8080 }
}
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
    'processes ended': `${count(report.kills)} (${count(report.killsByPhase.holding)} while holding the lock)`,
    ...(report.nativeWorkers === 0 ? {} : { 'of them the native program': count(report.nativeWorkers) }),
    'rounds completed': count(report.entries),
    'two holders at once': count(report.doubleHolders.length + report.countedTwice.length),
    'lock stuck': report.stuck ? 'yes' : 'no',
    ...(report.upgrades === null ? {} : upgradeCells(report.upgrades)),
    'hand-over p50, p99, max': percentiles(handOverMs),
    'processes at a time': report.contenders,
    seed: report.seed,
    duration: `${report.seconds.toFixed(1)} s`,
    ...(report.interruptedBy === null ? {} : { 'ended early by': report.interruptedBy }),
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
  return [0.5, 0.99, 1].map((share) => milliseconds(at(sorted, share))).join(', ');
}

/** Returns `1.23 ms`, `12.3 ms` or `123 ms`. */
function milliseconds(ms) {
  return `${ms.toFixed(ms < 10 ? 2 : ms < 100 ? 1 : 0)} ms`;
}

function count(number) {
  return number.toLocaleString('en');
}

function inOrder(byEnding) {
  return Object.fromEntries(ENDINGS.filter((end) => byEnding[end] !== undefined).map((end) => [end, byEnding[end]]));
}

/**
 * Returns the bins of the histogram. The bins end at the 99th percentile, and the last one also
 * counts all larger values.
 */
function binsOf(sorted) {
  const width = binWidth(Math.max(0.01, at(sorted, 0.99)) / BINS);
  const bins = Math.floor(at(sorted, 0.99) / width) + 1;
  const counts = Array.from({ length: bins }, () => 0);
  for (const ms of sorted) counts[Math.min(bins - 1, Math.floor(ms / width))]++;
  return { labels: counts.map((_, index) => String(Number((index * width).toPrecision(6)))), counts };
}

/** Rounds up to 1, 2 or 5 times a power of ten. */
function binWidth(leastMs) {
  const power = 10 ** Math.floor(Math.log10(leastMs));
  return WIDTHS.map((digit) => digit * power).find((width) => width >= leastMs);
}

function at(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

function escapeHtml(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
