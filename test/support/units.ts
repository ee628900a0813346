// Validates launchd jobs and Windows tasks against their schemas, and reads their values.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { validateXML } from 'xmllint-wasm';

const SCHEMAS = fileURLToPath(new URL('schemas', import.meta.url));

/** Returns the errors from libxml2; empty for a valid document. */
export async function complaintsOf(xml: string, schema: 'task' | 'launchd'): Promise<readonly string[]> {
  const { errors } = await validateXML({
    xml: { fileName: `${schema}.xml`, contents: xml },
    schema: readFileSync(`${SCHEMAS}/${schema}.xsd`, 'utf8'),
  });
  return errors.map(({ message }) => message);
}

/** The type of each key's value in a launchd job (man 5 launchd.plist). */
const JOB_TYPES: Readonly<Record<string, string>> = {
  Label: 'string',
  ProgramArguments: 'array',
  WorkingDirectory: 'string',
  UserName: 'string',
  EnvironmentVariables: 'dict',
  RunAtLoad: 'boolean',
  KeepAlive: 'boolean',
  ThrottleInterval: 'integer',
  ExitTimeOut: 'integer',
  AbandonProcessGroup: 'boolean',
  StandardOutPath: 'string',
  StandardErrorPath: 'string',
};

/** Returns the keys of a launchd job whose value has the wrong type. */
export function wronglyTypedKeys(plist: string): readonly string[] {
  const outer = plist.replace(/<!--[\s\S]*?-->/g, '').replace(/<dict>\s*<key>PATH[\s\S]*?<\/dict>/, '<dict/>');
  return [...outer.matchAll(/<key>(\w+)<\/key>\s*<(\w+)/g)]
    .filter(([, key, type]) => JOB_TYPES[key!] !== (/^(true|false)$/.test(type!) ? 'boolean' : type))
    .map(([, key]) => key!);
}

/** Returns the texts of all elements with this name. Handles only XML written by this package. */
export function textsOf(element: string, xml: string): string[] {
  const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', amp: '&' };
  return [...xml.matchAll(new RegExp(`<${element}>([^<]*)</${element}>`, 'g'))].map(([, text]) =>
    text!.replace(/&(?:#(\d+)|(\w+));/g, (_, code, name) => (code ? String.fromCodePoint(code) : entities[name]!)),
  );
}

const WITHOUT_WINDOW = '%SystemRoot%\\System32\\conhost.exe';

/**
 * Returns the words of a task's command line, without the program that hides the window. No word
 * may contain a quote.
 */
export function wordsOfTask(task: string): string[] {
  const [command, args] = [textsOf('Command', task)[0]!, textsOf('Arguments', task)[0]!];
  const words = [command, ...args.match(/"[^"]*"|\S+/g)!.map((word) => word.replaceAll('"', ''))];
  return words[0] === WITHOUT_WINDOW && words[1] === '--headless' ? words.slice(2) : words;
}

/** Returns the command line of a launchd job. */
export function wordsOfJob(plist: string): string[] {
  return textsOf('string', /<key>ProgramArguments<\/key>\s*<array>([\s\S]*?)<\/array>/.exec(plist)![1]!);
}
