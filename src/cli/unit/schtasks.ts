// A task of the Windows task scheduler (learn.microsoft.com, Task Scheduler Schema; [MS-TSCH] 2.5). All ASCII and without an
// encoding in the first line, so that it is the same in UTF-16, which `>` of PowerShell 5 writes, and in any code page.
import { variableName } from '../../index.js';
import type { Service } from './service.js';
import { xmlText } from './xml.js';

export function schtasksXml(service: Service): string {
  const { name, ofUser, account, workingDirectory } = service;
  const user = `<UserId>${xmlText(account.qualifiedName)}</UserId>`;
  return `<?xml version="1.0"?>
<!-- Save as ${name}.xml, then: schtasks /Create /TN ${name} /XML ${name}.xml -->
<!-- To stop it for good: schtasks /Change /TN ${name} /DISABLE, then schtasks /End /TN ${name} -->
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>${xmlText(name)}, one per state directory and port</Description>
  </RegistrationInfo>
  <Triggers>
    ${ofUser ? `<LogonTrigger><Enabled>true</Enabled>${user}</LogonTrigger>` : '<BootTrigger><Enabled>true</Enabled></BootTrigger>'}
    <!-- The scheduler starts nothing again because it crashed or was killed: its RestartOnFailure is about an action that could
         not be started ([MS-TSCH] 2.5.4.2). So it tries each minute, and a running instance is left alone. -->
    <TimeTrigger>
      <Repetition>
        <Interval>PT1M</Interval>
        <StopAtDurationEnd>false</StopAtDurationEnd>
      </Repetition>
      <StartBoundary>2026-01-01T00:00:00</StartBoundary>
      <Enabled>true</Enabled>
    </TimeTrigger>
  </Triggers>
  <Principals>
    <Principal id="Author">
      ${user}
      <LogonType>${ofUser ? 'InteractiveToken' : 'S4U'}</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <!-- The lock would refuse a second one, too. -->
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <!-- PT0S: no limit. The default ends a task after three days. -->
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <!-- Normal. The default, 7, is that of work in the background: less CPU, slow disks. -->
    <Priority>5</Priority>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <StartWhenAvailable>true</StartWhenAvailable>
    <IdleSettings>
      <StopOnIdleEnd>false</StopOnIdleEnd>
      <RestartOnIdle>false</RestartOnIdle>
    </IdleSettings>
    <Enabled>true</Enabled>
  </Settings>
  <Actions Context="Author">
    <Exec>
${command(service)}
      <WorkingDirectory>${xmlText(workingDirectory)}</WorkingDirectory>
    </Exec>
  </Actions>
</Task>
`;
}

/**
 * In the session of a user a console program would open a window, and closing that would end the gateway: conhost.exe gives it a
 * console without one (Windows 10 1809). `<Hidden>` hides the task in the list, and no window.
 */
const WITHOUT_WINDOW = '%SystemRoot%\\System32\\conhost.exe';

/** The scheduler sets no variable by which its programs could know it, and has no way to set one. */
function command({ words, app, name, ofUser }: Service): string {
  const [node, ...rest] = words;
  const variable = variableName(app, 'WINDOWS_TASK_NAME');
  const args = ['--import', `data:text/javascript,process.env.${variable}='${name}'`, ...rest];
  const [program, all] = ofUser ? [WITHOUT_WINDOW, ['--headless', node!, ...args]] : [node!, args];
  return `      <Command>${xmlText(program)}</Command>
      <Arguments>${xmlText(all.map(quotedArgument).join(' '))}</Arguments>`;
}

/** As Microsoft's C runtime reads it: backslashes count only in front of a quote. */
export function quotedArgument(word: string): string {
  if (/^[^\s"]+$/.test(word)) return word;
  return `"${word.replace(/(\\*)"/g, '$1$1\\"').replace(/\\+$/, '$&$&')}"`;
}
