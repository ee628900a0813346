// A gateway that waits for the lock. Prints `waiting` when it waits, and answers with its pid.
// Usage: parked.mjs DIRECTORY PORT
import { writeSync } from 'node:fs';
import { createServer } from 'node:http';
import { acquireGatewayLock } from '../../dist/index.js';

const [stateDir, port] = process.argv.slice(2);
const lock = await acquireGatewayLock({
  stateDir,
  port: Number(port),
  timeoutMs: 120_000,
  whenListening: 'wait',
  onWait: () => writeSync(1, 'waiting\n'),
});
await lock.listen(createServer((_request, response) => response.end(`pid ${process.pid}`)));
writeSync(1, 'serving\n');
