// The part of the Protocol Buffers wire format that etcd's messages use
// (protobuf.dev/programming-guides/encoding).

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/** A value that can be encoded. */
export type FieldValue = bigint | number | boolean | string | Uint8Array;

/**
 * Encodes pairs of field number and value. A number, bigint or boolean becomes a varint; a string
 * or Uint8Array becomes bytes.
 */
export function encode(fields: readonly (readonly [number, FieldValue])[]): Buffer {
  return Buffer.concat(fields.flatMap(([field, value]) => encodeField(field, value)));
}

function encodeField(field: number, value: FieldValue): Uint8Array[] {
  if (typeof value === 'string' || value instanceof Uint8Array) {
    const bytes = Buffer.from(value as string);
    return [varint(BigInt((field << 3) | BYTES)), varint(BigInt(bytes.length)), bytes];
  }
  return [varint(BigInt((field << 3) | VARINT)), varint(BigInt.asUintN(64, BigInt(value)))];
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7n) {
    if (rest < 128n) return Buffer.from([...bytes, Number(rest)]);
    bytes.push(Number(rest & 127n) | 128);
  }
}

/**
 * A decoded message: the values of each field, in the order they were encoded. An absent field has
 * its type's default value.
 */
export class Message {
  readonly #fields = new Map<number, (bigint | Buffer)[]>();

  /**
   * Decodes a message.
   *
   * @throws {RangeError} if the bytes are not a valid message
   */
  constructor(bytes: Buffer) {
    for (let at = 0; at < bytes.length; ) at = this.#read(bytes, at);
  }

  int(field: number): bigint {
    const value = this.#fields.get(field)?.at(-1);
    return typeof value === 'bigint' ? BigInt.asIntN(64, value) : 0n;
  }

  uint(field: number): bigint {
    return BigInt.asUintN(64, this.int(field));
  }

  text(field: number): string {
    return this.#bytes(field).at(-1)?.toString() ?? '';
  }

  messages(field: number): Message[] {
    return this.#bytes(field).map((bytes) => new Message(bytes));
  }

  /**
   * Returns the last value of the field as a message, or an empty message if the field is absent.
   */
  message(field: number): Message {
    return this.messages(field).at(-1) ?? new Message(Buffer.alloc(0));
  }

  #bytes(field: number): Buffer[] {
    return (this.#fields.get(field) ?? []).filter((value): value is Buffer => typeof value !== 'bigint');
  }

  #read(bytes: Buffer, start: number): number {
    const [key, at] = readVarint(bytes, start);
    const [value, end] = readValue(bytes, at, Number(key & 7n));
    const field = Number(key >> 3n);
    this.#fields.set(field, [...(this.#fields.get(field) ?? []), value]);
    return end;
  }
}

function readValue(bytes: Buffer, at: number, type: number): [bigint | Buffer, number] {
  if (type === VARINT) return readVarint(bytes, at);
  if (type === FIXED64) return slice(bytes, at, 8);
  if (type === FIXED32) return slice(bytes, at, 4);
  if (type !== BYTES) throw new RangeError(`unknown wire type ${type}`);
  const [length, start] = readVarint(bytes, at);
  return slice(bytes, start, Number(length));
}

function slice(bytes: Buffer, at: number, length: number): [Buffer, number] {
  if (at + length > bytes.length) throw new RangeError('the message is truncated');
  return [bytes.subarray(at, at + length), at + length];
}

function readVarint(bytes: Buffer, start: number): [bigint, number] {
  let value = 0n;
  for (let at = start; at < bytes.length && at < start + 10; at++) {
    value |= BigInt(bytes[at]! & 127) << BigInt(7 * (at - start));
    if (bytes[at]! < 128) return [value, at + 1];
  }
  throw new RangeError('the varint is truncated');
}
