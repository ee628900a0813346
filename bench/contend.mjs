// node contend.mjs PATH: makes one attempt to acquire the lock. On success, prints "held" and holds
// the lock until standard input ends. If refused, exits with 1.
import { tryAcquireLock } from '../dist/index.js';

const lock = tryAcquireLock(process.argv[2]);
if (lock === null) process.exit(1);
process.stdout.write('held\n');
process.stdin.resume().once('end', () => lock.release());
