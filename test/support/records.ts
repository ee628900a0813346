// Owner records as a lock of this process would write them.
import type { OwnerRecord } from '../../src/errors.js';
import { formatRecord, newAcquisition, type OwnerFields, recordHead } from '../../src/lock/owner-record.js';
import { parseRecord } from '../../src/lock/record-parser.js';

export const newLine = (fields?: OwnerFields): string =>
  formatRecord({ head: recordHead(fields), acquisition: newAcquisition() });

export const newRecord = (fields?: OwnerFields): OwnerRecord => parseRecord(newLine(fields))!;
