// A task of the Windows task scheduler (learn.microsoft.com, Task Scheduler Schema). Without an encoding in the
// first line a parser finds out by itself: `>` of PowerShell 5 writes UTF-16, that of cmd.exe UTF-8.
import type { Service } from './service.js';
import { xmlText } from './xml.js';

export function schtasksXml(service: Service): string {
  const { name, ofUser, account, workingDirectory } = service;
  const user = `<UserId>${xmlText(account.name)}</UserId>`;
  return `<?xml version="1.0"?>
<!-- Save as ${name}.xml, then: schtasks /Create /TN ${name} /XML ${name}.xml -->
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>${xmlText(name)}, one per state directory and port</Description>
  </RegistrationInfo>
  <Triggers>
    ${ofUser ? `<LogonTrigger><Enabled>true</Enabled>${user}</LogonTrigger>` : '<BootTrigger><Enabled>true</Enabled></BootTrigger>'}
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
    <RestartOnFailure>
      <Interval>PT1M</Interval>
      <Count>999</Count>
    </RestartOnFailure>
    <!-- PT0S: no limit. The default ends a task after three days. -->
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
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

/** The scheduler sets no variable by which its programs could know it, and has no way to set one. */
function command({ words, app, name }: Service): string {
  const [node, ...rest] = words;
  const variable = `${app.toUpperCase().replaceAll('-', '_')}_WINDOWS_TASK_NAME`;
  const args = ['--import', `data:text/javascript,process.env.${variable}='${name}'`, ...rest];
  return `      <Command>${xmlText(node!)}</Command>
      <Arguments>${xmlText(args.map(quotedArgument).join(' '))}</Arguments>`;
}

/** As Microsoft's C runtime reads it: backslashes count only in front of a quote. */
export function quotedArgument(word: string): string {
  if (/^[^\s"]+$/.test(word)) return word;
  return `"${word.replace(/(\\*)"/g, '$1$1\\"').replace(/\\+$/, '$&$&')}"`;
}
