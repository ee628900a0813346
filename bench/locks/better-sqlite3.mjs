// Locks a SQLite database with BEGIN EXCLUSIVE, for which SQLite uses fcntl(). Leaves the file
// after a release.
import Database from 'better-sqlite3';
import { refusedWith } from '../refused.mjs';

const begin = (path, timeout) => {
  const database = new Database(path, { timeout });
  try {
    database.exec('BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
};

export const hold = (path) => begin(path, 0);
export const release = (database) => database.close();
export const cycle = (path) => release(hold(path));
export const refused = (path) => refusedWith('SQLITE_BUSY', () => hold(path));
/** Blocks the event loop, because better-sqlite3 has no other way to wait. */
export const wait = async (path) => begin(path, 60_000);
