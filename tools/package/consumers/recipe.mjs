// Describes a consumer that runs the program of a page in docs/recipes.
import { readFileSync } from 'node:fs';

const read = (path) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
const HELPERS = ['check-recipe.mjs', 'recipe-clients.mjs'];
const STEPS = ['served', 'a second start is refused'];
const FREE = 'the lock and the port are free';

/**
 * Returns the consumer for the page `name`. The project contains the first block of the page in
 * `language` as `file`. The check runs `command`, stops it with SIGTERM while a client of the kind
 * `client` is connected, and expects the client to see `end`.
 */
export function recipe(name, options) {
  const {
    title,
    language = 'js',
    file = 'program.mjs',
    command = ['node', file],
    client = 'http',
    end,
    ...rest
  } = options;
  const { files = {}, ...consumer } = rest;
  return {
    title,
    group: 'framework',
    advice: `[recipe](recipes/${name}.md)`,
    ...consumer,
    files: { ...helpers(), ...files, [file]: blockOf(`docs/recipes/${name}.md`, language) },
    run: ['node', 'check-recipe.mjs', client, ...command],
    expected: `${[...STEPS, `the client sees: ${end ?? 'end of an idle connection'}`, FREE].join('\n')}\n`,
  };
}

/** Returns the files that a recipe reads as certificate.pem and key.pem. */
export const certificateFiles = () => ({
  'certificate.pem': read('test/fixtures/loopback-certificate.pem'),
  'key.pem': read('test/fixtures/loopback-key.pem'),
});

/** Returns the first code block of a page in one language. */
export function blockOf(page, language) {
  const [, code] = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'm').exec(read(page)) ?? [];
  if (code === undefined) throw new Error(`${page} has no block in '${language}'`);
  return code;
}

function helpers() {
  return Object.fromEntries(HELPERS.map((name) => [name, read(`tools/package/consumers/${name}`)]));
}
