// node contend.mjs PATH: one try. Held: says so, and keeps it until its input ends. Refused: exit code 1.
import { tryAcquireLock } from '../dist/index.js';

const lock = tryAcquireLock(process.argv[2]);
if (lock === null) process.exit(1);
process.stdout.write('held\n');
process.stdin.resume().once('end', () => lock.release());
