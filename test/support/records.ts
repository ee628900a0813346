// Creates owner records of this process.
import type { OwnerRecord } from '../../src/errors.js';
import { createRecord, formatRecord, type OwnerFields, recordHead } from '../../src/lock/record-encoder.js';
import { parseRecord } from '../../src/lock/record-parser.js';

/** Returns an owner record as the line in a lock file. */
export const newLine = (fields?: OwnerFields): string => formatRecord(createRecord(recordHead(fields)));

/** Returns an owner record as parseRecord() returns it. */
export const newRecord = (fields?: OwnerFields): OwnerRecord => parseRecord(newLine(fields))!;
