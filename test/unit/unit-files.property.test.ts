import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { launchdPlist } from '../../src/cli/commands/unit/launchd.js';
import { schtasksXml } from '../../src/cli/commands/unit/schtasks.js';
import type { Service } from '../../src/cli/commands/unit/service.js';
import { systemdUnit } from '../../src/cli/commands/unit/systemd.js';
import { need } from '../support/capabilities.js';
import { python } from '../support/python.js';
import { readBySystemd, readByWindows } from '../support/unit-readers.js';

const special = fc.constantFrom(
  '%',
  '$',
  '"',
  "'",
  '\\',
  ';',
  '#',
  ' ',
  '\t',
  '\n',
  '\r',
  '<',
  '&',
  ']]>',
  '--',
  '=',
  '\u2028',
  'ü',
  '😀',
);
/** Without NUL, which no argument contains, and without half a surrogate pair. */
const word = fc
  .array(fc.oneof(special, fc.string({ unit: 'grapheme', maxLength: 5 })), { maxLength: 8 })
  .map((parts) => parts.join('').replaceAll('\0', ''));
/** Without the control characters that XML forbids. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are the subject
const xmlWord = word.map((text) => text.replace(/[\x01-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, ''));
const path = (part: fc.Arbitrary<string>) => part.map((text) => `/opt/${text.replaceAll('/', '_')}`);

function service(file: string, args: readonly string[], directory: string): Service {
  const stateDir = '/home/u/.app';
  return {
    name: 'app',
    app: 'app',
    words: [file, ...args],
    reloadWords: null,
    program: args,
    ofUser: false,
    account: { name: 'user', qualifiedName: 'WORK\\user', isRoot: false },
    workingDirectory: directory,
    paths: { stateDir, lockPaths: [`${stateDir}/locks/a.lock`] } as unknown as Service['paths'],
    needsNetwork: false,
  };
}

const PLAIN = service('/opt/node', ['run'], '/opt');
const lines = (text: string) => text.split('\n').length;

describe('a systemd unit', () => {
  test('is read back as the given program and arguments, and has no further lines', () => {
    fc.assert(
      fc.property(
        path(word.map((text) => text.replaceAll('$', '_'))),
        fc.array(word, { maxLength: 5 }),
        (file, args) => {
          const unit = systemdUnit(service(file, args, '/opt'));
          expect(lines(unit)).toBe(lines(systemdUnit(PLAIN)));
          // Not by a regular expression: for systemd only a line feed ends a line.
          const command = unit
            .split('\n')
            .find((line) => line.startsWith('ExecStart='))!
            .slice('ExecStart='.length);
          expect(readBySystemd(command)).toEqual([file, ...args]);
        },
      ),
      { numRuns: 300 },
    );
  });
});

/** Parses many documents in one process. */
function readXml(script: string, documents: readonly string[]): unknown[] {
  const { stdout, stderr } = spawnSync(python, ['-c', script], { input: JSON.stringify(documents), encoding: 'utf8' });
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

const READ_PLIST = `
import json, plistlib, sys
jobs = [plistlib.loads(text.encode()) for text in json.load(sys.stdin)]
print(json.dumps([[job["ProgramArguments"], job["WorkingDirectory"], sorted(job)] for job in jobs]))`;

const READ_TASK = `
import json, sys, xml.etree.ElementTree as xml
space = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
tasks = [xml.fromstring(text).find(f"{space}Actions/{space}Exec") for text in json.load(sys.stdin)]
print(json.dumps([[task.find(space + name).text for name in ("Command", "Arguments", "WorkingDirectory")] for task in tasks]))`;

const services = fc.array(fc.tuple(path(xmlWord), fc.array(xmlWord, { maxLength: 5 }), path(xmlWord)), {
  minLength: 1,
  maxLength: 20,
});

describe('an XML parser reads back the given program, arguments and directory', () => {
  test('from a launchd job', (ctx) => {
    need(ctx, python === '' ? 'needs python3' : null);
    fc.assert(
      fc.property(services, (given) => {
        const jobs = readXml(
          READ_PLIST,
          given.map(([file, args, directory]) => launchdPlist(service(file, args, directory))),
        );
        const keys = (readXml(READ_PLIST, [launchdPlist(PLAIN)]) as unknown[][])[0]![2];
        expect(jobs).toEqual(given.map(([file, args, directory]) => [[file, ...args], directory, keys]));
      }),
      { numRuns: 8 },
    );
  });

  test('from a task of the Windows task scheduler', (ctx) => {
    need(ctx, python === '' ? 'needs python3' : null);
    fc.assert(
      fc.property(services, (given) => {
        const tasks = readXml(
          READ_TASK,
          given.map(([file, args, directory]) => schtasksXml(service(file, args, directory))),
        );
        for (const [index, [command, text, directory]] of (tasks as string[][]).entries()) {
          const [file, args, expected] = given[index]!;
          expect([command, directory]).toEqual([file, expected]);
          // The variable that tells the gateway its supervisor comes first.
          expect(readByWindows(text!).slice(2)).toEqual(args);
        }
      }),
      { numRuns: 8 },
    );
  });
});
