// Checks that the lock directory exists and is private, and that no other user can move it or one
// of its parents.
import { lstatSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  commandText,
  denyOthersCommand,
  effectiveGroupId,
  effectiveUserId,
  findForeignParent,
  makeDirectoryCommand,
  restrictAccessCommand,
  showModeCommand,
  takeOwnershipCommand,
} from '../../../internal.js';
import { error, info, ok, type Report, type Subject, warning } from './finding.js';

const GROUP_WRITES = 0o020;
const OTHERS_WRITE = 0o002;
const OTHERS_DO_ANYTHING = 0o077;
/** In a directory with this bit, only a file's owner may remove or rename it. */
const STICKY = 0o1000;

export function checkLockDirectory({ lockDir, ownLockDir }: Subject): Report[] {
  const stats = lstatSync(lockDir, { throwIfNoEntry: false });
  if (stats === undefined) return [ownLockDir ? judgeMissingOwn(lockDir) : judgeMissingForeign(lockDir)];
  if (!ownLockDir) return [judgeForeign(lockDir, statSync(lockDir))];
  return [judgeOwn(lockDir, stats)];
}

function judgeMissingOwn(lockDir: string): Report {
  const above = findForeignParent(lockDir);
  if (above === null) return info(`${lockDir} does not exist yet; a gateway creates it on its first start`);
  const message = `${lockDir} does not exist, and a gateway under sudo does not create it, because ${above.path} belongs to uid ${above.uid}`;
  return error(message, 'Start without sudo, or choose another state directory with --state-dir');
}

function judgeMissingForeign(lockDir: string): Report {
  return error(`${lockDir} does not exist`, `Create the directory: ${makeDirectoryCommand(lockDir)}`);
}

/**
 * Reports why a starting gateway would refuse its own lock directory. A gateway creates a missing
 * directory, and corrects its mode if possible.
 */
function judgeOwn(lockDir: string, stats: Stats): Report {
  const uid = effectiveUserId();
  if (!stats.isDirectory())
    return error(`${lockDir} is not a directory, so no gateway starts`, notDirectoryAdvice(lockDir));
  if (uid === undefined) return ok(`${lockDir} exists`);
  if (stats.uid !== uid) {
    return error(
      `${lockDir} belongs to uid ${stats.uid}, but this user is uid ${uid}`,
      `Take ownership of the directory: ${takeOwnershipCommand(lockDir)}`,
    );
  }
  const makePrivate = `Make the directory private: ${restrictAccessCommand(lockDir)}`;
  if (stats.mode & OTHERS_WRITE) {
    return error(`every user may write to ${lockDir}, so no gateway starts`, makePrivate);
  }
  if (stats.mode & OTHERS_DO_ANYTHING) {
    return warning(`${lockDir} is not private; a gateway makes it private on its next start`, makePrivate);
  }
  return ok(`${lockDir} is private to this user`);
}

function notDirectoryAdvice(path: string): string {
  return `Check what the file is: ${showModeCommand(path)}. Then remove the file.`;
}

function judgeForeign(lockDir: string, stats: Stats): Report {
  if (!stats.isDirectory()) return error(`${lockDir} is not a directory`, notDirectoryAdvice(lockDir));
  if (!othersMayRemove(stats)) return ok(`${lockDir} exists`);
  return error(
    `every user may remove files in ${lockDir}, so no lock is acquired there`,
    `Remove write permission for others: ${denyOthersCommand(lockDir)}`,
  );
}

/**
 * Checks the parent directories of the lock directory. A user who may rename a parent can put
 * another directory in its place, so that two gateways run with different states.
 */
export function checkParents({ lockDir }: Subject): Report[] {
  if (effectiveUserId() === undefined) return [info('not checked: this system uses ACLs, not file modes')];
  const parents = ancestors(lockDir);
  const reports = parents.flatMap(judgeParent);
  return reports.length > 0 ? reports : [ok('parent directories are not writable by other users')];
}

function judgeParent(path: string): Report[] {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return [];
  const advice = `Remove write permission for others: chmod go-w ${commandText([path])}`;
  if (othersMayRemove(stats)) return [warning(`every user may move or remove files in ${path}`, advice)];
  // On many systems each user has a private group, for which write permission is harmless.
  const foreign = stats.mode & GROUP_WRITES && !(stats.mode & STICKY) && stats.gid !== effectiveGroupId();
  return foreign ? [warning(`group ${stats.gid} may move or remove files in ${path}`, advice)] : [];
}

/**
 * Returns true if every user may remove files in the directory. Returns false on Windows, which
 * uses ACLs and reports mode 0777 for every directory; there the file system check shows whether
 * the ACL lets this user lock a file.
 */
function othersMayRemove({ mode }: Stats): boolean {
  return effectiveUserId() !== undefined && (mode & OTHERS_WRITE) !== 0 && (mode & STICKY) === 0;
}

function ancestors(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [] : [parent, ...ancestors(parent)];
}
