// What is wrong with a launchd job of a gateway (man 5 launchd.plist). As text: there is no parser for property
// lists in Node, and these two keys are written in one way.
import { type Report, warning } from './finding.js';

export function judgeJob(name: string, plist: string): Report[] {
  const reports: Report[] = [];
  if (keepsAlive(plist) && !/<string>--park<\/string>/.test(plist)) {
    const message = `${name}: KeepAlive without --park: launchd ignores exit codes and restarts a duplicate forever`;
    reports.push(warning(message, 'Add --park behind --supervised in its ProgramArguments'));
  }
  if (/<key>Sockets<\/key>/.test(plist)) {
    const message = `${name}: with Sockets launchd listens on the port itself`;
    reports.push(warning(message, 'Take Sockets out: a gateway binds its port itself'));
  }
  return reports;
}

function keepsAlive(plist: string): boolean {
  return /<key>KeepAlive<\/key>\s*<true\s*\/>/.test(plist);
}
