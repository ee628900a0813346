// Command lines as a document shows them, run in a place of their own.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { whyNoShell } from './capabilities.js';
import { COMMAND, type Running, searchPath, start } from './command.js';

/** `npx gateway-lock` and `gateway-lock` are this tree's; ports are rewritten to free ones. */
export function startLine(line: string, home: string, ports: Readonly<Record<string, number>>): Running {
  const text = Object.entries(ports).reduce((all, [shown, port]) => all.replaceAll(shown, String(port)), line);
  return whyNoShell === null ? startInShell(text, home) : startWithout(text, home);
}

function startInShell(text: string, home: string): Running {
  const bin = join(home, 'bin');
  mkdirSync(bin, { recursive: true });
  const command = `exec '${process.execPath}' '${COMMAND}' "$@"\n`;
  writeFileSync(join(bin, 'gateway-lock'), `#!/bin/sh\n${command}`, { mode: 0o755 });
  writeFileSync(join(bin, 'npx'), `#!/bin/sh\nshift\n${command}`, { mode: 0o755 });
  return start(['-c', `exec ${text}`], { home, cwd: home, env: { PATH: searchPath(bin) }, program: ['/bin/sh'] });
}

/** Words between blanks, which is all that these lines have. cmd.exe could not be ended with what it has started. */
function startWithout(text: string, home: string): Running {
  return start(text.replace(/^(npx )?gateway-lock /, '').split(' '), { home, cwd: home });
}
