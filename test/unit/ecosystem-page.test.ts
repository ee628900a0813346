import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { CONSUMERS_HEADING, consumerRow, readConsumers } from '../../tools/package/consumers.mjs';

const page = readFileSync(fileURLToPath(new URL('../../docs/ecosystem.md', import.meta.url)), 'utf8');
const consumers = await readConsumers();

// npm run test:package -- --all writes the table only if all consumers have passed.
test('docs/ecosystem.md shows the table that npm run test:package -- --all prints', () => {
  const [, table] = /<!-- npm run test:package -- --all -->\n\n([\s\S]+?)\n\n<!-- end -->/.exec(page)!;
  expect(table!.split('\n')).toEqual([...CONSUMERS_HEADING, ...consumers.map(consumerRow)]);
});

describe('the consumers in tools/package/consumers', () => {
  test.each(consumers)('$name pins the exact versions of its packages', ({ packages }) => {
    for (const version of Object.values(packages)) expect(version).toMatch(/^(npm:[\w@/-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/);
  });

  test('at least ten are tested by .ci/run', () => {
    expect(consumers.filter(({ common }) => common).length).toBeGreaterThanOrEqual(10);
  });
});
