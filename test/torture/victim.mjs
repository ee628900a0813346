// Usage: victim.mjs NAME DIRECTORY PORT REQUEST
// Runs one scenario under the tracer, which kills this process during the scenario.
import { readSync, writeSync } from 'node:fs';
import { probeLock } from 'gateway-lock';
import { mark, SCENARIOS } from './scenarios.mjs';

const [name, directory, port, request] = process.argv.slice(2);
// Loads the addon before the scenario begins.
probeLock(`${directory}/missing.lock`);
writeSync(4, 'r');
readSync(5, Buffer.alloc(1));
mark(`begin/${request}`);
await SCENARIOS[name].run({ directory, port: Number(port), cleanup: [] });
mark('end');
process.exit();
