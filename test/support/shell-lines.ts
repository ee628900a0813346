// Runs command lines from the documentation in a fresh home directory.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { whyNoShell } from './capabilities.js';
import { COMMAND, type Running, searchPath, start } from './command.js';

/**
 * Starts a command line, with `gateway-lock` and `npx gateway-lock` replaced by the command of this
 * repository. `ports` maps each port in the line to a free port.
 */
export function startLine(line: string, home: string, ports: Readonly<Record<string, number>>): Running {
  const text = Object.entries(ports).reduce((all, [shown, port]) => all.replaceAll(shown, String(port)), line);
  return whyNoShell === null ? startInShell(text, home) : startWithoutShell(text, home);
}

function startInShell(text: string, home: string): Running {
  const bin = join(home, 'bin');
  mkdirSync(bin, { recursive: true });
  const command = `exec '${process.execPath}' '${COMMAND}' "$@"\n`;
  writeFileSync(join(bin, 'gateway-lock'), `#!/bin/sh\n${command}`, { mode: 0o755 });
  writeFileSync(join(bin, 'npx'), `#!/bin/sh\nshift\n${command}`, { mode: 0o755 });
  return start(['-c', `exec ${text}`], { home, cwd: home, env: { PATH: searchPath(bin) }, program: ['/bin/sh'] });
}

/**
 * Splits the line at blanks instead of using a shell, because a test on Windows could not kill
 * cmd.exe with its children.
 */
function startWithoutShell(text: string, home: string): Running {
  return start(text.replace(/^(npx )?gateway-lock /, '').split(' '), { home, cwd: home });
}
