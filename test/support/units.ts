// Reads units as the service managers would, and holds them against their schemas.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { validateXML } from 'xmllint-wasm';

const SCHEMAS = fileURLToPath(new URL('schemas', import.meta.url));

/** Returns the complaints of libxml2; none for a valid document. */
export async function complaintsOf(xml: string, schema: 'task' | 'launchd'): Promise<readonly string[]> {
  const { errors } = await validateXML({
    xml: { fileName: `${schema}.xml`, contents: xml },
    schema: readFileSync(`${SCHEMAS}/${schema}.xsd`, 'utf8'),
  });
  return errors.map(({ message }) => message);
}

/** The type of each key's value (man 5 launchd.plist). */
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

/** Returns the keys whose value is of another type. */
export function wronglyTypedKeys(plist: string): readonly string[] {
  const outer = plist.replace(/<!--[\s\S]*?-->/g, '').replace(/<dict>\s*<key>PATH[\s\S]*?<\/dict>/, '<dict/>');
  return [...outer.matchAll(/<key>(\w+)<\/key>\s*<(\w+)/g)]
    .filter(([, key, type]) => JOB_TYPES[key!] !== (/^(true|false)$/.test(type!) ? 'boolean' : type))
    .map(([, key]) => key!);
}

/** Of the elements of this name, by a reader that is everywhere and knows only what this command writes. */
export function textsOf(element: string, xml: string): string[] {
  const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', amp: '&' };
  return [...xml.matchAll(new RegExp(`<${element}>([^<]*)</${element}>`, 'g'))].map(([, text]) =>
    text!.replace(/&(?:#(\d+)|(\w+));/g, (_, code, name) => (code ? String.fromCodePoint(code) : entities[name]!)),
  );
}

const WITHOUT_WINDOW = '%SystemRoot%\\System32\\conhost.exe';

/** Blanks stand between quotes, and no quotes in these words. What hides the window is left out. */
export function wordsOfTask(task: string): string[] {
  const [command, args] = [textsOf('Command', task)[0]!, textsOf('Arguments', task)[0]!];
  const words = [command, ...args.match(/"[^"]*"|\S+/g)!.map((word) => word.replaceAll('"', ''))];
  return words[0] === WITHOUT_WINDOW && words[1] === '--headless' ? words.slice(2) : words;
}

export function wordsOfJob(plist: string): string[] {
  return textsOf('string', /<key>ProgramArguments<\/key>\s*<array>([\s\S]*?)<\/array>/.exec(plist)![1]!);
}
