// A systemd unit (man 5 systemd.service, systemd.unit, systemd.exec).
import { dirname } from 'node:path';
import type { Service } from './service.js';

export function systemdUnit(service: Service): string {
  return `${[...head(service), ...unitSection(service), ...serviceSection(service), ...install(service)].join('\n')}\n`;
}

function head({ name, ofUser }: Service): string[] {
  const directory = ofUser ? '~/.config/systemd/user' : '/etc/systemd/system';
  const systemctl = ofUser ? 'systemctl --user' : 'systemctl';
  return [
    `# Save as ${directory}/${name}.service, then: ${systemctl} daemon-reload && ${systemctl} enable --now ${name}`,
    ...(ofUser ? ['# To have it run without a session: loginctl enable-linger'] : []),
    '# No .socket unit beside it: systemd would hold the port itself, and the gateway find it taken.',
    '',
  ];
}

function unitSection({ name, ofUser, needsNetwork }: Service): string[] {
  // The manager of a user has no network targets.
  const network = needsNetwork
    ? ['Wants=network-online.target', 'After=network-online.target']
    : ['After=network.target'];
  return [
    '[Unit]',
    `Description=${name}, one per state directory and port (gateway-lock)`,
    ...(ofUser ? [] : network),
    '# RestartSec bounds the starts; a limit on top of it would leave the gateway down after a long outage.',
    'StartLimitIntervalSec=0',
    '',
  ];
}

function serviceSection({ words, account, ofUser, workingDirectory, paths }: Service): string[] {
  const [file, ...args] = words;
  return [
    '[Service]',
    '# simple would call a program that is not there a success.',
    'Type=exec',
    `ExecStart=${[quotedPath(file!), ...args.map(quoted)].join(' ')}`,
    `WorkingDirectory=${workingDirectory.replaceAll('%', '%%')}`,
    ...(ofUser || account.isRoot ? [] : [`User=${account.name}`]),
    'Restart=always',
    'RestartSec=5',
    '# 78: a healthy gateway runs already, and this one left it in control. Starting it again would change nothing.',
    'RestartPreventExitStatus=78',
    "# 143: Node's way to say that SIGTERM ended it.",
    'SuccessExitStatus=143',
    '# SIGTERM goes to the command, which passes it on; what is left then is killed, and its lock with it.',
    'KillMode=mixed',
    'TimeoutStopSec=30',
    ...hardening(dirname(paths.lockPaths[0]!), paths.stateDir),
    '',
  ];
}

/** Not switched on: only the person who knows the program can say what it may lose. */
function hardening(lockDir: string, stateDir: string): string[] {
  const writable = lockDir.startsWith(`${stateDir}/`) ? stateDir : lockDir;
  return [
    '# What may be taken from it without harm to the lock (that directory must exist then). Take the # away:',
    '#NoNewPrivileges=yes',
    '#ProtectSystem=strict',
    `#ReadWritePaths=${quotedPath(writable)}`,
    '# AF_NETLINK is where the kernel is asked about sockets and interfaces.',
    '#RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK',
  ];
}

function install({ ofUser }: Service): string[] {
  return ['[Install]', `WantedBy=${ofUser ? 'default.target' : 'multi-user.target'}`];
}

/** One word of ExecStart: `%` is a specifier, `$` a variable, and quotes and backslashes are C's. */
export function quoted(word: string): string {
  return quotedPath(word).replaceAll('$', '$$$$');
}

/** Variables are not replaced in the path of the program. */
export function quotedPath(word: string): string {
  const specified = word.replaceAll('%', '%%');
  if (/^[\w@%+=:,./$-]+$/.test(word)) return specified;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is meant
  const escaped = specified.replace(/["\\]/g, '\\$&').replace(/[\x00-\x1f\x7f]/g, hex);
  return `"${escaped}"`;
}

function hex(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}
