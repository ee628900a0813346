// A launchd job (man 5 launchd.plist).
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Service } from './service.js';
import { xmlText } from './xml.js';

/** What launchd itself gives to a job (man 5 launchd.plist, confstr _CS_PATH). */
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
  <!-- launchd's own has no node: without it #!/usr/bin/env node ends with 127. -->
  <key>EnvironmentVariables</key>
  <dict>
    <key>PATH</key>
    <string>${xmlText([dirname(words[0]!), '/usr/local/bin', SYSTEM_PATH].join(':'))}</string>
  </dict>
  <key>RunAtLoad</key>
  <true/>
  <!-- launchd ignores exit codes here: a duplicate waits for the healthy gateway to end (park). -->
  <key>KeepAlive</key>
  <true/>
  <key>ThrottleInterval</key>
  <integer>10</integer>
  <key>ExitTimeOut</key>
  <integer>30</integer>
  <!-- What the program has started ends with it, and with it the lock. -->
  <key>AbandonProcessGroup</key>
  <false/>${pair(true, 'StandardOutPath', log)}${pair(true, 'StandardErrorPath', log)}
</dict>
</plist>
`;
}

function pair(applies: boolean, key: string, value: string): string {
  return applies ? `\n  <key>${key}</key>\n  <string>${xmlText(value)}</string>` : '';
}

/** Hyphens stand alone in a name: an XML comment has no two in a row. */
function comment(line: string): string {
  return `<!-- ${line} -->`;
}

function howToInstall({ name, ofUser }: Service): string[] {
  const directory = ofUser ? '~/Library/LaunchAgents' : '/Library/LaunchDaemons';
  const domain = ofUser ? 'gui/$UID' : 'system';
  const file = `${directory}/${name}.plist`;
  const launchctl = `${ofUser ? '' : 'sudo '}launchctl`;
  return [
    `Save as ${file}, then: ${launchctl} bootstrap ${domain} ${file}`,
    `After a change, before that: ${launchctl} bootout ${domain}/${name}`,
    ...(ofUser ? ['Over ssh, without a session at the screen: user/$UID in place of gui/$UID'] : []),
  ];
}
