// Runs the `start` functions of scenarios for its parent, which sends requests over IPC.
import { SCENARIOS } from './scenarios.mjs';

process.on('message', async ({ id, name, fixture, timeoutMs }) => {
  const started = performance.now();
  try {
    const release = await SCENARIOS[name].start(fixture, timeoutMs);
    await release?.();
    process.send({ id, served: release !== null, ms: performance.now() - started });
  } catch (error) {
    process.send({ id, served: false, ms: performance.now() - started, error: String(error?.stack ?? error) });
  }
});
process.on('disconnect', () => process.exit());
