// Describes a consumer that runs the program of a page in docs/recipes.
import { readFileSync } from 'node:fs';

const read = (path) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
const HELPERS = ['check-recipe.mjs', 'check-watch.mjs', 'check-pm2.mjs', 'recipe-clients.mjs'];
const STEPS = ['served', 'a second start is refused'];
const FREE = 'the lock and the port are free';

/**
 * Returns the consumer for the page `name`. The project contains the JavaScript blocks of the page:
 * a block that begins with `// NAME` as the file NAME, the other one as program.mjs. The check runs
 * `command`, stops it with SIGTERM while a client of the kind `client` is connected, and expects the
 * client to see `end`.
 */
export function recipe(name, options) {
  const { title, command = ['node', 'program.mjs'], client = 'http', end, files, ...consumer } = options;
  return {
    title,
    group: 'framework',
    advice: `[recipe](recipes/${name}.md)`,
    ...consumer,
    files: { ...helpers(), ...files, ...javaScriptOf(`docs/recipes/${name}.md`) },
    run: ['node', 'check-recipe.mjs', client, ...command],
    expected: `${[...STEPS, `the client sees: ${end ?? 'end of an idle connection'}`, FREE].join('\n')}\n`,
  };
}

/**
 * Returns the consumer that restarts the program of the page `ws` under a watcher, after a change of
 * the file, while a WebSocket client is connected.
 */
export function watched(command, options) {
  return {
    ...recipe('ws', options),
    group: 'runner',
    advice: '[recipe](recipes/watch.md)',
    run: ['node', 'check-watch.mjs', ...command],
    expected: 'the client sees: WebSocket close code 1001\na new process serves\n',
  };
}

/** Returns the files that a recipe reads as certificate.pem and key.pem. */
export const certificateFiles = () => ({
  'certificate.pem': read('test/fixtures/loopback-certificate.pem'),
  'key.pem': read('test/fixtures/loopback-key.pem'),
});

/** Returns the first code block of a page in one language. */
export function blockOf(page, language) {
  return blocks(page, language)[0];
}

function javaScriptOf(page) {
  return Object.fromEntries(
    blocks(page, 'js').map((code) => [/^\/\/ ([\w.-]+)\n/.exec(code)?.[1] ?? 'program.mjs', code]),
  );
}

function blocks(page, language) {
  const fences = read(page).matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'));
  return [...fences].map(([, code]) => code);
}

function helpers() {
  return Object.fromEntries(HELPERS.map((name) => [name, read(`tools/package/consumers/${name}`)]));
}
