// Finds problems in a launchd job that starts a gateway (man 5 launchd.plist). Reads the property
// list with regular expressions, because Node has no parser for property lists and each key of
// interest has only one spelling.
import { existsSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { PRIVACY_SETTINGS } from '../../../internal.js';
import { protectedPath } from '../unit/protected-folders.js';
import { isInCellar } from '../unit/stable-path.js';
import { error, type Report, warning } from './finding.js';

export function judgeJob(name: string, plist: string): Report[] {
  return [...judgeRestart(name, plist), ...judgeSockets(name, plist), ...judgePaths(name, plist)];
}

function judgeRestart(name: string, plist: string): Report[] {
  if (!keepsAlive(plist) || /<string>--park<\/string>/.test(plist)) return [];
  const message = `${name}: KeepAlive without --park: launchd ignores exit codes and restarts a duplicate forever`;
  return [warning(message, 'Add --park to the ProgramArguments of the job, directly after run or serve')];
}

function keepsAlive(plist: string): boolean {
  return /<key>KeepAlive<\/key>\s*<true\s*\/>/.test(plist);
}

function judgeSockets(name: string, plist: string): Report[] {
  if (!/<key>Sockets<\/key>/.test(plist)) return [];
  const message = `${name}: because of its Sockets key, launchd binds the port itself`;
  return [warning(message, 'Remove the Sockets key: the gateway binds its port itself')];
}

const PRINT_AGAIN = 'Print the job again with gateway-lock unit launchd, and install it as its first lines explain';

function judgePaths(name: string, plist: string): Report[] {
  const words = stringsOf(/<key>ProgramArguments<\/key>\s*<array>([\s\S]*?)<\/array>/.exec(plist)?.[1] ?? '');
  const [program] = words;
  const reports: Report[] = [];
  const versioned = words.find(isInCellar);
  if (program !== undefined && isAbsolute(program) && !existsSync(program)) {
    reports.push(error(`${name}: its program ${program} does not exist`, PRINT_AGAIN));
  } else if (versioned !== undefined) {
    reports.push(warning(`${name}: the next brew upgrade removes ${versioned}`, PRINT_AGAIN));
  }
  const denied = protectedPath(stringsOf(plist).filter((word) => isAbsolute(word)));
  if (denied === undefined) return reports;
  const advice = `Use another folder, or allow ${program ?? 'the program'} in ${PRIVACY_SETTINGS}`;
  return [...reports, warning(`${name}: macOS denies launchd jobs access to ${denied}`, advice)];
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

function stringsOf(xml: string): string[] {
  return [...xml.matchAll(/<string>([^<]*)<\/string>/g)].map(([, text]) =>
    text!.replace(/&(?:#(\d+)|(\w+));/g, (all, code: string | undefined, entity: string) =>
      code === undefined ? (ENTITIES[entity] ?? all) : String.fromCodePoint(Number(code)),
    ),
  );
}
