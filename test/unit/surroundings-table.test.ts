// The table of hostile surroundings in docs/reliability.md names real test files, and all of them.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT, textOf } from '../support/markdown.js';

const FOLDER = 'test/multiprocess/surroundings';
const page = textOf('docs/reliability.md');
const [, table = ''] = /<!-- surroundings -->\n([\s\S]*?)<!-- end -->/.exec(page) ?? [];
const rows = table.trim().split('\n').slice(2);
const filesIn = (text: string) => [...text.matchAll(/`((?:test|native)\/[^`]+)`/g)].map((match) => match[1]!);

test('each row of the table of surroundings in docs/reliability.md names a test', () => {
  expect(rows.length).toBeGreaterThan(15);
  expect(rows.filter((row) => filesIn(row).length === 0)).toEqual([]);
});

test('each file that docs/reliability.md names exists', () => {
  const named = filesIn(page).filter((file) => !file.includes('*'));
  expect(named.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
});

test(`the table of surroundings in docs/reliability.md names each test of ${FOLDER}`, () => {
  const tests = readdirSync(join(ROOT, FOLDER)).map((name) => `${FOLDER}/${name}`);
  expect(tests.filter((file) => !filesIn(table).includes(file))).toEqual([]);
});
