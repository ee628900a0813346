// What is wrong with a launchd job of a gateway (man 5 launchd.plist). As text: there is no parser for property
// lists in Node, and these keys are written in one way.
import { existsSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { PRIVACY_SETTINGS } from '../../../index.js';
import { protectedPath } from '../unit/protected-folders.js';
import { isInCellar } from '../unit/stable-path.js';
import { error, type Report, warning } from './finding.js';

export function judgeJob(name: string, plist: string): Report[] {
  return [...judgeRestart(name, plist), ...judgeSockets(name, plist), ...judgePaths(name, plist)];
}

function judgeRestart(name: string, plist: string): Report[] {
  if (!keepsAlive(plist) || /<string>--park<\/string>/.test(plist)) return [];
  const message = `${name}: KeepAlive without --park: launchd ignores exit codes and restarts a duplicate forever`;
  return [warning(message, 'Add --park behind --supervised in its ProgramArguments')];
}

function keepsAlive(plist: string): boolean {
  return /<key>KeepAlive<\/key>\s*<true\s*\/>/.test(plist);
}

function judgeSockets(name: string, plist: string): Report[] {
  if (!/<key>Sockets<\/key>/.test(plist)) return [];
  const message = `${name}: with Sockets launchd listens on the port itself`;
  return [warning(message, 'Take Sockets out: a gateway binds its port itself')];
}

const WRITE_ANEW = 'Write it anew with gateway-lock unit launchd, then bootout and bootstrap it';

function judgePaths(name: string, plist: string): Report[] {
  const words = stringsOf(/<key>ProgramArguments<\/key>\s*<array>([\s\S]*?)<\/array>/.exec(plist)?.[1] ?? '');
  const [program] = words;
  const reports: Report[] = [];
  const versioned = words.find(isInCellar);
  if (program !== undefined && isAbsolute(program) && !existsSync(program)) {
    reports.push(error(`${name}: its program ${program} is not there`, WRITE_ANEW));
  } else if (versioned !== undefined) {
    reports.push(warning(`${name}: brew upgrade removes ${versioned}`, WRITE_ANEW));
  }
  const kept = protectedPath(stringsOf(plist).filter((word) => isAbsolute(word)));
  if (kept === undefined) return reports;
  const advice = `Move it, or allow ${program ?? 'the program'} in ${PRIVACY_SETTINGS}`;
  return [...reports, warning(`${name}: macOS keeps launchd jobs out of ${kept}`, advice)];
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

function stringsOf(xml: string): string[] {
  return [...xml.matchAll(/<string>([^<]*)<\/string>/g)].map(([, text]) =>
    text!.replace(/&(?:#(\d+)|(\w+));/g, (all, code: string | undefined, entity: string) =>
      code === undefined ? (ENTITIES[entity] ?? all) : String.fromCodePoint(Number(code)),
    ),
  );
}
