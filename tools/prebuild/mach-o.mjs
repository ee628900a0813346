// Reads a Mach-O file: the oldest macOS, the libraries it needs, and its symbols. Checks whether
// each page matches its hash in the ad-hoc signature, because an arm64 kernel kills a process that
// loads a page with a wrong hash.
import { createHash } from 'node:crypto';

const MAGIC_64 = 0xfeedfacf;
const DYLIB = 6;
const CPUS = { 16777223: 'x64', 16777228: 'arm64' };
const SYMTAB = 0x2;
const ID_DYLIB = 0xd;
const LOAD_DYLIB = 0xc;
const CODE_SIGNATURE = 0x1d;
const BUILD_VERSION = 0x32;
const SUPER_BLOB = 0xfade0cc0;
const CODE_DIRECTORY = 0xfade0c02;

export function readMachO(bytes) {
  if (bytes.readUInt32LE(0) !== MAGIC_64) throw new Error('not a 64-bit Mach-O file');
  const commands = [...loadCommands(bytes)];
  const only = (type) => commands.find((command) => command.type === type);
  const symbols = readSymbols(bytes, only(SYMTAB).at);
  return {
    arch: CPUS[bytes.readUInt32LE(4)],
    shared: bytes.readUInt32LE(12) === DYLIB,
    minimum: version(bytes.readUInt32LE(only(BUILD_VERSION).at + 12)),
    needed: commands
      .filter(({ type }) => type === LOAD_DYLIB)
      .map(({ at }) => text(bytes, at + bytes.readUInt32LE(at + 8))),
    ownName: only(ID_DYLIB) && text(bytes, only(ID_DYLIB).at + bytes.readUInt32LE(only(ID_DYLIB).at + 8)),
    exported: symbols.filter((symbol) => symbol.external && symbol.defined).map((symbol) => symbol.name),
    imported: symbols.filter((symbol) => symbol.external && !symbol.defined).map((symbol) => symbol.name),
    symbols,
    badPages: only(CODE_SIGNATURE) ? countBadPages(bytes, bytes.readUInt32LE(only(CODE_SIGNATURE).at + 8)) : null,
  };
}

function* loadCommands(bytes) {
  const count = bytes.readUInt32LE(16);
  for (let at = 32, i = 0; i < count; at += bytes.readUInt32LE(at + 4), ++i) yield { type: bytes.readUInt32LE(at), at };
}

function readSymbols(bytes, at) {
  const [offset, count, strings] = [8, 12, 16].map((field) => bytes.readUInt32LE(at + field));
  return Array.from({ length: count }, (_, i) => {
    const entry = offset + 16 * i;
    const kind = bytes[entry + 4];
    return {
      name: text(bytes, strings + bytes.readUInt32LE(entry)),
      // A symbol is external if its type has N_EXT set, and N_PEXT and N_STAB not set. A symbol is
      // defined if its N_TYPE is not zero.
      external: (kind & 0x11) === 0x01 && (kind & 0xe0) === 0,
      defined: (kind & 0x0e) !== 0,
      value: bytes.readBigUInt64LE(entry + 8),
    };
  });
}

/**
 * Counts the pages with a wrong hash. The signature is big-endian and consists of several blobs,
 * one of which contains the page hashes.
 */
function countBadPages(bytes, signature) {
  if (bytes.readUInt32BE(signature) !== SUPER_BLOB) throw new Error('a code signature without a super blob');
  const blobs = Array.from(
    { length: bytes.readUInt32BE(signature + 8) },
    (_, i) => signature + bytes.readUInt32BE(signature + 16 + 8 * i),
  );
  const directory = blobs.find((blob) => bytes.readUInt32BE(blob) === CODE_DIRECTORY);
  const [hashes, , , pages, limit] = [16, 20, 24, 28, 32].map((field) => bytes.readUInt32BE(directory + field));
  const pageSize = 2 ** bytes[directory + 39];
  // If the hashes do not cover all bytes before the signature, all pages are bad.
  const all = Math.ceil(signature / pageSize);
  if (limit !== signature || pages !== all) return all;
  const bad = Array.from({ length: pages }, (_, i) => i).filter((i) => {
    const page = bytes.subarray(i * pageSize, Math.min((i + 1) * pageSize, limit));
    const expected = bytes.subarray(directory + hashes + 32 * i, directory + hashes + 32 * (i + 1));
    return !createHash('sha256').update(page).digest().equals(expected);
  });
  return bad.length;
}

function version(packed) {
  return `${packed >>> 16}.${(packed >>> 8) & 0xff}`;
}

function text(bytes, from) {
  return bytes.toString('latin1', from, bytes.indexOf(0, from));
}
