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
    `# Save as ${directory}/${name}.service, then run: ${systemctl} daemon-reload && ${systemctl} enable --now ${name}`,
    ...(ofUser ? ['# To keep it running after logout: loginctl enable-linger'] : []),
    '# Do not add a .socket unit: systemd would bind the port itself, and the gateway would find it in use.',
    '',
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

function serviceSection({ words, account, ofUser, workingDirectory, paths }: Service): string[] {
  const [file, ...args] = words;
  return [
    '[Service]',
    '# With Type=simple a missing program would count as a successful start.',
    'Type=exec',
    `ExecStart=${[quotedPath(file!), ...args.map(quoted)].join(' ')}`,
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
