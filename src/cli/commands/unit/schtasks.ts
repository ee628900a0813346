// A task of the Windows task scheduler (learn.microsoft.com, Task Scheduler Schema; [MS-TSCH] 2.5).
// The text is ASCII and names no encoding, so that it is valid in any code page, and also in
// UTF-16, the encoding that `>` uses in PowerShell 5.
import { variableName } from '../../../internal.js';
import type { Service } from './service.js';
import { xmlText } from './xml.js';

export function schtasksXml(service: Service): string {
  const { name, ofUser, account, workingDirectory } = service;
  const user = `<UserId>${xmlText(account.qualifiedName)}</UserId>`;
  return `<?xml version="1.0"?>
<!-- Save as ${name}.xml, then run: schtasks /Create /TN ${name} /XML ${name}.xml -->
<!-- To stop it permanently: schtasks /Change /TN ${name} /DISABLE, then schtasks /End /TN ${name} -->
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>${xmlText(name)}, one per state directory and port</Description>
  </RegistrationInfo>
  <Triggers>
    ${ofUser ? `<LogonTrigger><Enabled>true</Enabled>${user}</LogonTrigger>` : '<BootTrigger><Enabled>true</Enabled></BootTrigger>'}
    <!-- The scheduler does not restart a program that crashed or was killed: RestartOnFailure applies only to an action that could
         not be started ([MS-TSCH] 2.5.4.2). So this trigger starts the task every minute, unless an instance is running. -->
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
    <!-- The lock would also refuse a second instance. -->
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <!-- PT0S: no limit. By default a task is stopped after three days. -->
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <!-- Normal priority. The default, 7, is for background work: less CPU time, slow disk access. -->
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
 * Runs a program in a console without a window (since Windows 10 1809). In a user's session, a
 * console program opens a window, and closing it would end the gateway. `<Hidden>` only hides the
 * entry in the task list.
 */
const WITHOUT_WINDOW = '%SystemRoot%\\System32\\conhost.exe';

/**
 * Returns the task's command. The scheduler cannot set environment variables, so Node itself sets
 * the variable by which `detectSupervisor()` recognizes the scheduler.
 */
function command({ words, app, name, ofUser }: Service): string {
  const [node, ...rest] = words;
  const variable = variableName(app, 'WINDOWS_TASK_NAME');
  const args = ['--import', `data:text/javascript,process.env.${variable}='${name}'`, ...rest];
  const [program, all] = ofUser ? [WITHOUT_WINDOW, ['--headless', node!, ...args]] : [node!, args];
  return `      <Command>${xmlText(program)}</Command>
      <Arguments>${xmlText(all.map(quotedArgument).join(' '))}</Arguments>`;
}

/**
 * Quotes an argument for Microsoft's C runtime, where a backslash is an escape only before a quote.
 */
export function quotedArgument(word: string): string {
  if (/^[^\s"]+$/.test(word)) return word;
  return `"${word.replace(/(\\*)"/g, '$1$1\\"').replace(/\\+$/, '$&$&')}"`;
}
