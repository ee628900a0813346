// The owner record, which the holder writes to the server and other clients read.
import { hostname } from 'node:os';
import { invalidValue } from '../arguments.js';
import type { ClusterOwner } from './driver.js';

const MAX_OWNER_BYTES = 4096;

/**
 * Returns the owner record of this process, with `fields` added.
 *
 * @throws {TypeError} ERR_INVALID_ARG_VALUE if the record is longer than 4096 bytes
 */
export function describeOwner(fields: Readonly<Record<string, unknown>>): ClusterOwner {
  const owner = { ...fields, host: hostname(), pid: process.pid, createdAt: new Date().toISOString() };
  if (Buffer.byteLength(JSON.stringify(owner)) > MAX_OWNER_BYTES)
    throw invalidValue('owner', `at most ${MAX_OWNER_BYTES} bytes of JSON`, Object.keys(fields));
  return owner;
}

/** Parses an owner record. Returns null if another program wrote the text. */
export function parseOwner(text: string): ClusterOwner | null {
  if (text.length > MAX_OWNER_BYTES || !text.startsWith('{')) return null;
  try {
    const owner = JSON.parse(text);
    return typeof owner.host === 'string' && Number.isInteger(owner.pid) ? owner : null;
  } catch {
    return null;
  }
}
