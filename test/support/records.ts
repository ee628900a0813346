// Owner records as a lock of this process would write them.
import type { OwnerRecord } from '../../src/errors.js';
import { createRecord, formatRecord, type OwnerFields, recordHead } from '../../src/lock/record-encoder.js';
import { parseRecord } from '../../src/lock/record-parser.js';

export const newLine = (fields?: OwnerFields): string => formatRecord(createRecord(recordHead(fields)));

export const newRecord = (fields?: OwnerFields): OwnerRecord => parseRecord(newLine(fields))!;
