// Finds the service units that start a gateway, and reports their problems.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { error, info, ok, type Report, type Subject } from './finding.js';
import { judgeJob } from './launchd-job.js';
import { judgeService, judgeSocket, mentions, parseUnit, type Unit } from './systemd-unit.js';

const PACKAGE = 'gateway-lock';
const KINDS = /\.(service|socket|plist)$/;

export function checkUnits(subject: Subject): Report[] {
  const directories = unitDirectories();
  const found = directories.flatMap(filesIn).map((path) => ({ path, named: false }));
  const files = [...found, ...subject.unitFiles.map((path) => ({ path, named: true }))];
  const judged = files.map((file) => judge(file, subject)).filter((reports) => reports !== null);
  if (judged.length === 0) return [info(`no service unit of a gateway in ${directories.join(', ')}`)];
  const reports = judged.flat();
  return reports.length > 0 ? reports : [ok(`${judged.length} checked`)];
}

function unitDirectories(): string[] {
  const home = homedir();
  const config = process.env['XDG_CONFIG_HOME'] || join(home, '.config');
  return [
    join(config, 'systemd/user'),
    '/etc/systemd/system',
    join(home, 'Library/LaunchAgents'),
    '/Library/LaunchDaemons',
  ];
}

function filesIn(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => KINDS.test(name))
    .sort()
    .map((name) => join(directory, name));
}

interface UnitFile {
  readonly path: string;
  /**
   * True if the file was named with --unit. It is then treated as a gateway's unit, whatever it
   * contains.
   */
  readonly named: boolean;
}

/** Returns null if the file is not related to a gateway. */
function judge(file: UnitFile, subject: Subject): Report[] | null {
  const kind = KINDS.exec(file.path)?.[1];
  try {
    if (kind === 'plist') return judgePlist(file, subject);
    if (kind !== undefined) return judgeSystemd(file, kind, subject);
    return [info(`${file.path} was not checked: its name does not end in .service, .socket or .plist`)];
  } catch (cause) {
    // A unit that this user may not read belongs to another user.
    return file.named ? [error(`${file.path} cannot be read: ${(cause as Error).message}`)] : null;
  }
}

function judgePlist({ path, named }: UnitFile, { app }: Subject): Report[] | null {
  const plist = readFileSync(path, 'utf8');
  const about =
    named || [PACKAGE, app].some((word) => new RegExp(`<string>([^<]*/)?${word}(/[^<]*)?</string>`).test(plist));
  return about ? judgeJob(basename(path), plist) : null;
}

function judgeSystemd({ path, named }: UnitFile, kind: string, { app, paths }: Subject): Report[] | null {
  const unit = readUnit(path);
  if (kind === 'socket') {
    const reports = judgeSocket(basename(path), unit, paths);
    return named || reports.length > 0 ? reports : null;
  }
  const certain = named || mentions(unit, PACKAGE);
  return certain || mentions(unit, app) ? judgeService(basename(path), unit, certain) : null;
}

/** Reads the unit and its drop-ins, `<unit>.d/*.conf`. */
function readUnit(path: string): Unit {
  const directory = `${path}.d`;
  const additions = existsSync(directory) ? readdirSync(directory).filter((name) => name.endsWith('.conf')) : [];
  const files = [path, ...additions.sort().map((name) => join(directory, name))];
  return parseUnit(files.map((file) => readFileSync(file, 'utf8')).join('\n'));
}
