// The directory of the locks: there, ours, private; and whether others can take it away from above.
import { lstatSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  commandText,
  findForeignParent,
  makeDirectoryCommand,
  restrictAccessCommand,
  showModeCommand,
} from '../../index.js';
import { error, info, ok, type Report, type Subject, warning } from './finding.js';

const GROUP_WRITES = 0o020;
const OTHERS_WRITE = 0o002;
const OTHERS_DO_ANYTHING = 0o077;
/** In such a directory only the owner of a file may remove or rename it. */
const STICKY = 0o1000;

export function checkLockDirectory({ lockDir, ownLockDir }: Subject): Report[] {
  const stats = lstatSync(lockDir, { throwIfNoEntry: false });
  if (stats === undefined) return [ownLockDir ? judgeFuture(lockDir) : missing(lockDir)];
  if (!ownLockDir) return [judgeForeign(lockDir, statSync(lockDir))];
  return [judgeOwn(lockDir, stats)];
}

function judgeFuture(lockDir: string): Report {
  const above = findForeignParent(lockDir);
  if (above === null) return info(`${lockDir} is not there yet: the first start makes it`);
  const message = `${lockDir} is not there yet, and by sudo no start makes it: ${above.path} belongs to uid ${above.uid}`;
  return error(message, 'Start without sudo, or choose another state directory with --state-dir');
}

function missing(lockDir: string): Report {
  return error(`${lockDir} does not exist`, `Create it: ${makeDirectoryCommand(lockDir)}`);
}

/** As the library refuses it: it creates that directory, and mends its mode where it can. */
function judgeOwn(lockDir: string, stats: Stats): Report {
  const advice = `See what lies there: ${showModeCommand(lockDir)}`;
  const uid = process.geteuid?.();
  if (!stats.isDirectory()) return error(`${lockDir} is not a directory, so no gateway starts`, advice);
  if (uid === undefined) return ok(`${lockDir} is there`);
  if (stats.uid !== uid) return error(`${lockDir} belongs to uid ${stats.uid}, and this is uid ${uid}`, advice);
  if (stats.mode & OTHERS_WRITE) {
    return error(`every user may write to ${lockDir}, so no gateway starts`, restrictAccessCommand(lockDir));
  }
  if (stats.mode & OTHERS_DO_ANYTHING) {
    return warning(`${lockDir} is not private; the next start makes it so`, restrictAccessCommand(lockDir));
  }
  return ok(`${lockDir} is ours and private`);
}

function judgeForeign(lockDir: string, stats: Stats): Report {
  if (!stats.isDirectory()) return error(`${lockDir} is not a directory`, showModeCommand(lockDir));
  if (!mayTakeAway(stats)) return ok(`${lockDir} is there`);
  return error(
    `every user may remove files in ${lockDir}, so no lock is acquired there`,
    restrictAccessCommand(lockDir),
  );
}

/** A user who may rename a directory above can put another one in its place, and two gateways would see two states. */
export function checkParents({ lockDir }: Subject): Report[] {
  if (process.geteuid === undefined) return [info('file modes say nothing on this system')];
  const parents = ancestors(lockDir);
  const reports = parents.flatMap(judgeParent);
  return reports.length > 0 ? reports : [ok('parent directories are not writable by other users')];
}

function judgeParent(path: string): Report[] {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return [];
  const advice = `Remove write permission for others: chmod go-w ${commandText([path])}`;
  if (mayTakeAway(stats)) return [warning(`every user may move or remove files in ${path}`, advice)];
  // A group that is ours alone is how many systems give write permission to nobody else.
  const foreign = stats.mode & GROUP_WRITES && !(stats.mode & STICKY) && stats.gid !== process.getegid?.();
  return foreign ? [warning(`group ${stats.gid} may move or remove files in ${path}`, advice)] : [];
}

/** Windows uses ACLs and reports every directory as 0777; the file system check, which takes a lock there, respects the ACL. */
function mayTakeAway({ mode }: Stats): boolean {
  return process.geteuid !== undefined && (mode & OTHERS_WRITE) !== 0 && (mode & STICKY) === 0;
}

function ancestors(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [] : [parent, ...ancestors(parent)];
}
