// A systemd unit (man 5 systemd.service, systemd.unit, systemd.exec).
import { dirname } from 'node:path';
import { addressesOf } from '../../../endpoint.js';
import { listenStream } from '../../../internal.js';
import type { Service } from './service.js';

export function systemdUnit(service: Service): string {
  return textOf([...head(service), ...unitSection(service), ...serviceSection(service), ...install(service)]);
}

/**
 * Returns the unit with which systemd keeps the port open while the service restarts. The gateway
 * adopts its socket.
 */
export function systemdSocket(service: Service): string {
  return textOf([...socketHead(service), ...socketSections(service)]);
}

function textOf(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`;
}

function head({ name, ofUser }: Service): string[] {
  const { directory, systemctl } = managerOf(ofUser);
  return [
    `# Save as ${directory}/${name}.service, then run: ${systemctl} daemon-reload && ${systemctl} enable --now ${name}`,
    ...(ofUser ? ['# To keep it running after logout: loginctl enable-linger'] : []),
    `# With a socket unit, clients wait while the service restarts, and none is refused: add --socket to print one.`,
    '',
  ];
}

function socketHead({ name, ofUser }: Service): string[] {
  const { directory, systemctl } = managerOf(ofUser);
  return [
    `# Save as ${directory}/${name}.socket beside ${name}.service, then run:`,
    `# ${systemctl} daemon-reload && ${systemctl} stop ${name} && ${systemctl} enable --now ${name}.socket ${name}.service`,
    `# To stop the gateway for good, stop both units. A client would start a stopped service again.`,
    '',
  ];
}

function managerOf(ofUser: boolean): { directory: string; systemctl: string } {
  return ofUser
    ? { directory: '~/.config/systemd/user', systemctl: 'systemctl --user' }
    : { directory: '/etc/systemd/system', systemctl: 'systemctl' };
}

function socketSections({ name, paths: { host, port } }: Service): string[] {
  return [
    '[Unit]',
    `Description=Port of ${name} (gateway-lock)`,
    '',
    '[Socket]',
    ...addressesOf(host).map((address) => `ListenStream=${listenStream({ host: address, port })}`),
    '# The number of clients that can wait while the service restarts.',
    'Backlog=4096',
    '# On :: the gateway accepts IPv4 clients too.',
    'BindIPv6Only=both',
    '',
    '[Install]',
    'WantedBy=sockets.target',
    '# Starts the service only with its socket. Otherwise the gateway would bind the port itself.',
    `RequiredBy=${name}.service`,
  ];
}

function unitSection({ name, ofUser, needsNetwork }: Service): string[] {
  // A user's systemd instance has no network targets.
  const network = needsNetwork
    ? ['Wants=network-online.target', 'After=network-online.target']
    : ['After=network.target'];
  return [
    '[Unit]',
    `Description=${name}, one per state directory and port (gateway-lock)`,
    ...(ofUser ? [] : network),
    '# RestartSec limits the rate of restarts. A start limit would keep the gateway down after a long outage.',
    'StartLimitIntervalSec=0',
    '',
  ];
}

function serviceSection({ words, reloadWords, account, ofUser, workingDirectory, paths }: Service): string[] {
  return [
    '[Service]',
    '# The service counts as started once the gateway is ready.',
    'Type=notify',
    'NotifyAccess=main',
    `ExecStart=${commandLine(words)}`,
    ...(reloadWords === null ? [] : [`ExecReload=${commandLine(reloadWords)}`]),
    `WorkingDirectory=${workingDirectory.replaceAll('%', '%%')}`,
    ...(ofUser || account.isRoot ? [] : [`User=${account.name}`]),
    'Restart=always',
    'RestartSec=5',
    '# 78: a healthy gateway is already running. Starting this unit again would change nothing.',
    'RestartPreventExitStatus=78',
    '# 143: exit code of Node after SIGTERM.',
    'SuccessExitStatus=143',
    '# SIGTERM goes to gateway-lock, which passes it on. The remaining processes are killed, so that none of them keeps the lock.',
    'KillMode=mixed',
    'TimeoutStopSec=30',
    ...hardening(dirname(paths.lockPaths[0]!), paths.stateDir),
    '',
  ];
}

function commandLine([file, ...args]: readonly string[]): string {
  return [quotedPath(file!), ...args.map(quoted)].join(' ');
}

/**
 * Returns hardening settings, commented out because only the operator knows what the program needs.
 */
function hardening(lockDir: string, stateDir: string): string[] {
  const writable = lockDir.startsWith(`${stateDir}/`) ? stateDir : lockDir;
  return [
    '# Hardening that the lock tolerates. To enable it, remove the # and create the directory in ReadWritePaths.',
    '#NoNewPrivileges=yes',
    '#ProtectSystem=strict',
    `#ReadWritePaths=${quotedPath(writable)}`,
    '# AF_NETLINK is needed to query the kernel about sockets and interfaces.',
    '#RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK',
  ];
}

function install({ ofUser }: Service): string[] {
  return ['[Install]', `WantedBy=${ofUser ? 'default.target' : 'multi-user.target'}`];
}

/**
 * Quotes a word of ExecStart, where `%` begins a specifier, `$` a variable, and quotes and
 * backslashes work as in C.
 */
export function quoted(word: string): string {
  return quotedPath(word).replaceAll('$', '$$$$');
}

/** Quotes the program's path, in which systemd does not expand variables. */
export function quotedPath(word: string): string {
  const specified = word.replaceAll('%', '%%');
  if (/^[\w@%+=:,./$-]+$/.test(word)) return specified;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are the subject
  const escaped = specified.replace(/["\\]/g, '\\$&').replace(/[\x00-\x1f\x7f]/g, hex);
  return `"${escaped}"`;
}

function hex(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}
