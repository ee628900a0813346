// What a worker process of a stress run is told about its part.
import type { Ending, StressOptions } from './plan.js';

/** Environment variable of a worker process: a {@link WorkerPlan} as JSON. */
export const WORKER_VARIABLE = 'GATEWAY_LOCK_STRESS_WORKER';

/** The data that the driver, or a predecessor, passes to a worker process. */
export interface WorkerPlan extends Pick<StressOptions, 'mode' | 'sabotage' | 'directory' | 'seed'> {
  readonly ending: Ending;
  readonly port: number;
  /** The pid of the gateway that this process replaces. Null for a process of the driver. */
  readonly predecessor: number | null;
}

/** Longest time that a worker holds the lock, in milliseconds. */
export const WORK_MS = 3;
export const PAUSE_MS = 2;
/** Pause of a process whose port is in use, in milliseconds. */
export const BIND_PAUSE_MS = 1;
/** Probability that a worker that ends by itself does so while holding the lock. */
export const LAST_SHARE = 0.3;

/** The error of a process that ends with an uncaught error. */
export const PLANNED_ERROR = new Error('thrown on purpose');

/** Ends this process as planned. Returns if another process ends it. */
export function end(ending: Ending): void {
  if (ending === 'exit') process.exit(0);
  if (ending === 'abort') process.abort();
  if (ending === 'throw') throw PLANNED_ERROR;
}
