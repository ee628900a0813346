// A launchd job (man 5 launchd.plist).
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Service } from './service.js';
import { xmlText } from './xml.js';

export function launchdPlist(service: Service): string {
  const { name, words, ofUser, account, workingDirectory, program } = service;
  const log = join(homedir(), 'Library/Logs', `${name}.log`);
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<!-- ${howToInstall(service)} -->
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
  <key>RunAtLoad</key>
  <true/>
${keepAlive(program.length > 0)}
  <key>ThrottleInterval</key>
  <integer>10</integer>
  <key>ExitTimeOut</key>
  <integer>30</integer>
  <!-- What the program has started ends with it, and with it the lock. -->
  <key>AbandonProcessGroup</key>
  <false/>${pair(ofUser, 'StandardOutPath', log)}${pair(ofUser, 'StandardErrorPath', log)}
</dict>
</plist>
`;
}

/** `run` parks behind a healthy gateway; `serve` ends with 0 behind it, and only a failure is started again. */
function keepAlive(parks: boolean): string {
  if (parks) {
    return `  <!-- launchd ignores exit codes here: a duplicate waits for the healthy gateway to end (park). -->
  <key>KeepAlive</key>
  <true/>`;
  }
  return `  <!-- A duplicate ends with 0 and leaves the healthy gateway in control. -->
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>`;
}

function pair(applies: boolean, key: string, value: string): string {
  return applies ? `\n  <key>${key}</key>\n  <string>${xmlText(value)}</string>` : '';
}

/** Hyphens stand alone in a name: an XML comment has no two in a row. */
function howToInstall({ name, ofUser }: Service): string {
  const directory = ofUser ? '~/Library/LaunchAgents' : '/Library/LaunchDaemons';
  const domain = ofUser ? 'gui/$UID' : 'system';
  const file = `${directory}/${name}.plist`;
  return `Save as ${file}, then: ${ofUser ? '' : 'sudo '}launchctl bootstrap ${domain} ${file}`;
}
