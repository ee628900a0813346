// A launchd job (man 5 launchd.plist).
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Service } from './service.js';
import { xmlText } from './xml.js';

/** The PATH of a launchd job (man 5 launchd.plist, confstr _CS_PATH). */
const SYSTEM_PATH = '/usr/bin:/bin:/usr/sbin:/sbin';

export function launchdPlist(service: Service): string {
  const { name, words, ofUser, account, workingDirectory } = service;
  const log = ofUser ? join(homedir(), 'Library/Logs', `${name}.log`) : `/Library/Logs/${name}.log`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
${howToInstall(service).map(comment).join('\n')}
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>${xmlText(name)}</string>
  <key>ProgramArguments</key>
  <array>
${words.map((word) => `    <string>${xmlText(word)}</string>`).join('\n')}
  </array>
  <key>WorkingDirectory</key>
  <string>${xmlText(workingDirectory)}</string>${pair(!ofUser && !account.isRoot, 'UserName', account.name)}
  <!-- The PATH of launchd does not contain node, so a script with #!/usr/bin/env node would exit with 127. -->
  <key>EnvironmentVariables</key>
  <dict>
    <key>PATH</key>
    <string>${xmlText([dirname(words[0]!), '/usr/local/bin', SYSTEM_PATH].join(':'))}</string>
  </dict>
  <key>RunAtLoad</key>
  <true/>
  <!-- launchd ignores exit codes here, so a duplicate waits until the healthy gateway ends (park). -->
  <key>KeepAlive</key>
  <true/>
  <key>ThrottleInterval</key>
  <integer>10</integer>
  <key>ExitTimeOut</key>
  <integer>30</integer>
  <!-- Processes that the program has started end with it, so that none of them keeps the lock. -->
  <key>AbandonProcessGroup</key>
  <false/>${pair(true, 'StandardOutPath', log)}${pair(true, 'StandardErrorPath', log)}
</dict>
</plist>
`;
}

function pair(applies: boolean, key: string, value: string): string {
  return applies ? `\n  <key>${key}</key>\n  <string>${xmlText(value)}</string>` : '';
}

/**
 * Returns an XML comment. `line` must not contain `--`, which XML forbids in comments. Unit names
 * never do.
 */
function comment(line: string): string {
  return `<!-- ${line} -->`;
}

function howToInstall({ name, ofUser }: Service): string[] {
  const directory = ofUser ? '~/Library/LaunchAgents' : '/Library/LaunchDaemons';
  const domain = ofUser ? 'gui/$UID' : 'system';
  const file = `${directory}/${name}.plist`;
  const launchctl = `${ofUser ? '' : 'sudo '}launchctl`;
  return [
    `Save as ${file}, then run: ${launchctl} bootstrap ${domain} ${file}`,
    `After a change, run this first: ${launchctl} bootout ${domain}/${name}`,
    ...(ofUser ? ['Over ssh, without a graphical session, use user/$UID instead of gui/$UID'] : []),
  ];
}
