// node contend.mjs PATH: one attempt to acquire the lock. If it succeeds, prints "held" and holds
// the lock until standard input ends. If it is refused, exits with 1.
import { tryAcquireLock } from '../dist/index.js';

const lock = tryAcquireLock(process.argv[2]);
if (lock === null) process.exit(1);
process.stdout.write('held\n');
process.stdin.resume().once('end', () => lock.release());
