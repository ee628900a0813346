// Command lines as a document shows them, run in a place of their own.
import { mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { COMMAND, type Running, start } from './command.js';

/** `npx gateway-lock` and `gateway-lock` are this tree's; ports are rewritten to free ones. */
export function startLine(line: string, home: string, ports: Readonly<Record<string, number>>): Running {
  const text = Object.entries(ports).reduce((all, [shown, port]) => all.replaceAll(shown, String(port)), line);
  const bin = join(home, 'bin');
  mkdirSync(bin, { recursive: true });
  const command = `exec '${process.execPath}' '${COMMAND}' "$@"\n`;
  writeFileSync(join(bin, 'gateway-lock'), `#!/bin/sh\n${command}`, { mode: 0o755 });
  writeFileSync(join(bin, 'npx'), `#!/bin/sh\nshift\n${command}`, { mode: 0o755 });
  const PATH = `${bin}${delimiter}${process.env['PATH']}`;
  return start(['-c', `exec ${text}`], { home, cwd: home, env: { PATH }, program: ['/bin/sh'] });
}
