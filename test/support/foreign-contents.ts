// Contents of files that are not lock files, for tests in which a user mistakenly passes such a
// file as the lock path.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { freshDirectory } from './directories.js';
import { python } from './python.js';

const pinoLine = (msg: string) =>
  `{"level":30,"time":1764300000000,"pid":${process.pid},"hostname":"somewhere","msg":"${msg}"}\n`;

/**
 * Returns the content of a real SQLite database if Python is available, else a page that begins
 * with SQLite's magic string.
 */
function sqliteFile(): Buffer {
  const path = join(freshDirectory(), 'app.db');
  const script = 'import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute("create table t (x)"); c.commit()';
  const made = python !== '' && spawnSync(python, ['-c', script, path]).status === 0;
  return made ? readFileSync(path) : Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(4080, 1)]);
}

/** Pairs of a name for the test title and a function that returns the content. */
export const FOREIGN_CONTENTS: readonly (readonly [name: string, content: () => string | Buffer])[] = [
  ['4097 NULs', () => Buffer.alloc(4097)],
  ['1 MiB of NULs', () => Buffer.alloc(1 << 20)],
  ['a plain pid file', () => `${process.pid}\n`],
  ['a blank line', () => '\n'],
  ['a package.json', () => '{"name":"myapp"}'],
  ['an empty JSON object', () => '{}'],
  ['a JSON array', () => `[{"pid":${process.pid}}]`],
  ['JSON with a pid that is a string', () => `{"pid":"${process.pid}","createdAt":"2026-11-28T20:00:00.000Z"}`],
  ['JSON with an impossible pid', () => '{"pid":99999999999,"createdAt":"2026-11-28T20:00:00.000Z"}'],
  ['the settings of another program, with its pid', () => `{"pid":${process.pid},"hostname":"somewhere"}`],
  ['one line of a pino log', () => pinoLine('hello')],
  ['a pino log', () => ['one', 'two', 'three'].map(pinoLine).join('')],
  ['a log whose lines begin with the pid', () => `{"pid":1,"msg":"one"}\n{"pid":1,"msg":"two"}\n`],
  ['an SQLite file', sqliteFile],
  ['1 MiB of text', () => Buffer.alloc(1 << 20, 'x')],
  ['1 MiB of opening brackets', () => Buffer.alloc(1 << 20, '[')],
  ['bytes that are not text', () => Buffer.from([0xff, 0xfe, 0xc0, 0x80, 0xed, 0xa0, 0x80])],
];
