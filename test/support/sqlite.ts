// Starts processes that keep an exclusive transaction open on an SQLite database.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Missing } from './capabilities.js';
import { type Ended, start, untilPrinted } from './command.js';
import { python } from './python.js';

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));

function whyNoPythonSqlite(): Missing {
  const found = python !== '' && spawnSync(python, ['-c', 'import sqlite3']).status === 0;
  return found ? null : 'needs python3 with the module sqlite3';
}

interface Database {
  exec(sql: string): void;
  close(): void;
}

/** The types of node:sqlite, which @types/node lacks for the oldest supported Node. */
const nodeSqlite = process.getBuiltinModule('node:sqlite') as
  | { readonly DatabaseSync: new (path: string) => Database }
  | undefined;

export const whyNoNodeSqlite: Missing = nodeSqlite === undefined ? `Node ${process.version} has no node:sqlite` : null;

/** Opens an SQLite database in this process. */
export const openDatabase = (path: string): Database => new nodeSqlite!.DatabaseSync(path);

/** A program that keeps a transaction open. */
export interface SqliteProgram {
  readonly name: string;
  readonly missing: Missing;
  readonly program: readonly string[];
}

export const SQLITE_PROGRAMS: readonly SqliteProgram[] = [
  { name: 'Python sqlite3', missing: whyNoPythonSqlite(), program: [python, fixture('sqlite-holder.py')] },
  { name: 'node:sqlite', missing: whyNoNodeSqlite, program: [process.execPath, fixture('sqlite-holder.mjs')] },
];

/** A running program with an open transaction. */
export interface SqliteHolder {
  readonly pid: number;
  /** Resolves when the program has committed and ended. */
  release(): Promise<Ended>;
}

/** Starts a program, which is killed after the test. Resolves when its transaction is open. */
export async function startSqliteHolder({ program }: SqliteProgram, database: string): Promise<SqliteHolder> {
  const run = start([database], { program, stdin: 'pipe' });
  await untilPrinted(run, /^held$/m);
  return {
    pid: run.pid,
    release: () => {
      run.child.stdin!.end();
      return run.ended;
    },
  };
}
