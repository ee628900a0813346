// Owner records as a lock of this process would write them.
import type { OwnerRecord } from '../../src/errors.js';
import {
  formatRecord,
  newAcquisition,
  type OwnerFields,
  parseRecord,
  recordHead,
} from '../../src/lock/owner-record.js';

export const newLine = (fields?: OwnerFields): string =>
  formatRecord({ head: recordHead(fields), acquisition: newAcquisition() });

export const newRecord = (fields?: OwnerFields): OwnerRecord => parseRecord(newLine(fields))!;
