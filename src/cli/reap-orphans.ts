// Reaps processes that have lost their parent, if this process runs as PID 1 of a container.
import { native } from '../internal.js';

/**
 * Reaps orphans until the returned function is called. Without this, they would stay zombies,
 * because Node only waits for the children that it has started. `ownChildren` returns the pids of
 * those.
 */
export function reapOrphans(ownChildren: () => readonly number[]): () => void {
  if (process.pid !== 1) return () => {};
  const reap = () => void native().reapOrphans(ownChildren());
  process.on('SIGCHLD', reap);
  return () => void process.off('SIGCHLD', reap);
}
