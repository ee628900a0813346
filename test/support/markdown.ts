// Reads the project's Markdown pages, with their code blocks and links, for tests of the
// documentation.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const FOLDERS = ['docs', 'native', 'prebuilds', 'verify', 'test', 'tools', 'bench'];

/** The paths of all Markdown pages, relative to the root, with slashes. */
export const pages: readonly string[] = [
  ...readdirSync(ROOT).filter((name) => name.endsWith('.md')),
  ...FOLDERS.filter((folder) => existsSync(join(ROOT, folder))).flatMap(pagesIn),
].sort();

/** The pages for users, whose code blocks are run by tests. */
export const manual = pages.filter((page) => page === 'README.md' || /^docs\/[\w-]+\.md$/.test(page));

/** The pages of docs/recipes, whose programs npm run test:package runs. */
export const recipes = pages.filter((page) => page.startsWith('docs/recipes/'));

export function textOf(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8');
}

/** Returns the code blocks of a page in one language, without the fences. */
export function blocksOf(page: string, language: string): string[] {
  const fences = textOf(page).matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'));
  return [...fences].map((match) => match[1]!);
}

/** Returns the targets of a page's relative links, as paths relative to the root with `#ANCHOR`. */
export function linksOf(page: string): string[] {
  const prose = textOf(page)
    .replace(/^```[\s\S]*?^```/gm, '')
    .replace(/`[^`\n]*`/g, '');
  const targets = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1]!);
  return targets
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => (target.startsWith('#') ? `${page}${target}` : posix.join(dirname(page), target)));
}

/** Returns the anchors that GitHub creates for a page's headings. */
export function anchorsOf(page: string): string[] {
  const headings = [...textOf(page).matchAll(/^#+ (.+)$/gm)].map((match) => match[1]!);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

function pagesIn(folder: string): string[] {
  const names = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' });
  return names
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .filter((name) => name.endsWith('.md') && !name.includes('node_modules'));
}
