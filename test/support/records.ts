// Owner records as a lock of this process would write them.
import type { OwnerRecord } from '../../src/errors.js';
import { newAcquisition, type OwnerFields, recordHead, recordOf } from '../../src/lock/owner-record.js';

export const newRecord = (fields?: OwnerFields): OwnerRecord => recordOf(recordHead(fields), newAcquisition());
