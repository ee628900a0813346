// Creates owner records of this process.
import type { OwnerRecord } from '../../src/errors.js';
import { formatRecord, newAcquisition, type OwnerFields, recordHead } from '../../src/lock/owner-record.js';
import { parseRecord } from '../../src/lock/record-parser.js';

/** Returns a record as the line that a lock file contains. */
export const newLine = (fields?: OwnerFields): string =>
  formatRecord({ head: recordHead(fields), acquisition: newAcquisition() });

/** Returns a parsed record. */
export const newRecord = (fields?: OwnerFields): OwnerRecord => parseRecord(newLine(fields))!;
