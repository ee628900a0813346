// Draws the plots of README.md and docs/performance.md as SVG files.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { handOverPlot, scalePlot } from './charts.mjs';

const RESULTS = fileURLToPath(new URL('results/', import.meta.url));

/** Writes a plot for each of these figures that was measured. */
export function writePlots({ handoff, release_handoff, scale_locks, scale_contenders }, folder = RESULTS) {
  const write = (name, svg) => writeFileSync(`${folder}${name}.svg`, svg);
  if (handoff) write('handoff', handOverPlot('from kill -9 of the holder until a waiter holds the lock', handoff));
  if (release_handoff)
    write('release-handoff', handOverPlot('from release() until a waiter holds the lock', release_handoff));
  if (scale_locks)
    write('scale-locks', scalePlot('locks held in one process', 'acquire and release one more lock', scale_locks));
  if (scale_contenders)
    write('scale-contenders', scalePlot('processes that start at once', 'time per process', scale_contenders));
}
