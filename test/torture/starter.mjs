// Starts and releases what its parent names, over IPC: the next starter, in a process of its own.
import { SCENARIOS } from './scenarios.mjs';

process.on('message', async ({ id, name, place, timeoutMs }) => {
  const started = performance.now();
  try {
    const release = await SCENARIOS[name].start(place, timeoutMs);
    await release?.();
    process.send({ id, served: release !== null, ms: performance.now() - started });
  } catch (error) {
    process.send({ id, served: false, ms: performance.now() - started, error: String(error?.stack ?? error) });
  }
});
process.on('disconnect', () => process.exit());
