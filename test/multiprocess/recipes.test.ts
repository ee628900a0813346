// Checks the pages of docs/recipes whose software npm run test:package does not run. That command
// runs the programs of all other pages, except that of restart.md: see
// test/multiprocess/documentation.test.ts.
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { need } from '../support/capabilities.js';
import { freshDirectory } from '../support/directories.js';
import { blocksOf, linksOf, ROOT, recipes, textOf } from '../support/markdown.js';

const CONSUMERS = join(ROOT, 'tools/package/consumers');

/** The pages whose programs the consumers run. */
const tested = readdirSync(CONSUMERS, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => readFileSync(join(CONSUMERS, name, 'consumer.mjs'), 'utf8'))
  .flatMap((consumer) => [...consumer.matchAll(/recipe\('([\w-]+)'|(watched)\(/g)])
  .map(([, page, watched]) => page ?? (watched && 'watch'));

describe('the recipes', () => {
  test.each(recipes.filter((page) => !/README|restart/.test(page)))('%s is in the index', (page) => {
    expect(linksOf('docs/recipes/README.md')).toContain(page);
  });

  test.each(recipes.filter((page) => blocksOf(page, 'js').length > 0))(
    'a consumer runs the program of %s, or the page says that nothing does',
    (page) => {
      const isTested = tested.includes(basename(page, '.md'));
      expect(isTested || /^Not run: /m.test(textOf(page)) || page.endsWith('restart.md')).toBe(true);
    },
  );

  test.each(recipes.flatMap((page) => blocksOf(page, 'js').map((code, index) => ({ page, index, code }))))(
    'the JavaScript block $index of $page has no syntax error',
    ({ code }) => {
      const file = join(freshDirectory(), code.includes('module.exports') ? 'block.cjs' : 'block.mjs');
      writeFileSync(file, code);
      expect(spawnSync(process.execPath, ['--check', file], { encoding: 'utf8' })).toMatchObject({
        status: 0,
        stderr: '',
      });
    },
  );
});

const whyNoKubectl = spawnSync('kubectl', ['version', '--client']).status === 0 ? null : 'needs kubectl';

test('kubectl reads the manifest of docs/recipes/kubernetes.md, which never runs two pods at once', (ctx) => {
  need(ctx, whyNoKubectl);
  const folder = freshDirectory();
  writeFileSync(join(folder, 'gateway.yaml'), blocksOf('docs/recipes/kubernetes.md', 'yaml')[0]!);
  writeFileSync(join(folder, 'kustomization.yaml'), 'resources: [gateway.yaml]\n');
  const manifest = execFileSync('kubectl', ['kustomize', folder], { encoding: 'utf8' });
  expect(manifest.match(/^kind: .*/gm)).toEqual(['kind: PersistentVolumeClaim', 'kind: Deployment']);
  expect(manifest).toMatch(/^ {2}replicas: 1$/m);
  expect(manifest).toMatch(/^ {2}strategy:\n {4}type: Recreate$/m);
});
