// The key of an advisory lock: 64 bits of a hash of the lock's name.
import { loadCrypto } from '../../../native/builtins.js';

export interface LockKey {
  /** As a signed number, in digits. */
  readonly text: string;
  /** As pg_locks shows the key: two unsigned halves. */
  readonly classId: number;
  readonly objectId: number;
}

export function lockKey(name: string): LockKey {
  const { createHash } = loadCrypto();
  const hash = createHash('sha256').update(`gateway-lock/${name}`).digest();
  return { text: String(hash.readBigInt64BE()), classId: hash.readUInt32BE(0), objectId: hash.readUInt32BE(4) };
}
