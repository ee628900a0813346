// A mistyped --lock must not cost anybody a file: the owner record replaces what is in it.
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { EXIT } from './exit-codes.js';

/** Records are JSON objects, also torn ones. Whatever cannot be read is the library's to refuse. */
export function refuseForeignFile(path: string): void {
  const first = firstByte(path);
  if (first === '' || first === '{') return;
  const error = new Error(`'${path}' holds something else: give the lock a file of its own`);
  throw Object.assign(error, { exitCode: EXIT.usage });
}

function firstByte(path: string): string {
  try {
    // O_NONBLOCK: a FIFO would wait for its writer.
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const buffer = Buffer.alloc(1);
    const length = readSync(fd, buffer);
    closeSync(fd);
    return buffer.toString('latin1', 0, length);
  } catch {
    return '';
  }
}
