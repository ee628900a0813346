// The key of an advisory lock: the first 64 bits of the SHA-256 of the lock's name.
import { loadCrypto } from '../../../native/builtins.js';

/** The key in the two forms that PostgreSQL uses. */
export interface LockKey {
  /** The key as a signed decimal number. */
  readonly text: string;
  /** Upper 32 bits, unsigned: `classid` in pg_locks. */
  readonly classId: number;
  /** Lower 32 bits, unsigned: `objid` in pg_locks. */
  readonly objectId: number;
}

/** Returns the key for the name of a lock. */
export function lockKey(name: string): LockKey {
  const { createHash } = loadCrypto();
  const hash = createHash('sha256').update(`gateway-lock/${name}`).digest();
  return { text: String(hash.readBigInt64BE()), classId: hash.readUInt32BE(0), objectId: hash.readUInt32BE(4) };
}
