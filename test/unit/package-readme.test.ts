import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { repositoryUrl, withAbsoluteLinks } from '../../tools/package/readme.mjs';
import { ROOT } from '../support/markdown.js';

const absolute = (markdown: string) => withAbsoluteLinks(markdown, 'https://host.example/o/r', 'v1.2.3');

describe('withAbsoluteLinks()', () => {
  test.each([
    ['[a](docs/api.md)', '[a](https://host.example/o/r/blob/v1.2.3/docs/api.md)'],
    ['[a](./docs/api.md#b)', '[a](https://host.example/o/r/blob/v1.2.3/docs/api.md#b)'],
    ['![a](bench/a.svg)', '![a](https://host.example/o/r/raw/v1.2.3/bench/a.svg)'],
    ['<img alt="a" src="bench/a.svg">', '<img alt="a" src="https://host.example/o/r/raw/v1.2.3/bench/a.svg">'],
  ])('makes the link of %s absolute', (markdown, expected) => {
    expect(absolute(markdown)).toBe(expected);
  });

  test.each(['[a](#b)', '[a](https://nodejs.org/)', '[a](mailto:a@host.example)'])('keeps %s', (markdown) => {
    expect(absolute(markdown)).toBe(markdown);
  });

  test('leaves no relative link in README.md', () => {
    const text = absolute(readFileSync(join(ROOT, 'README.md'), 'utf8'));
    const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1]!);
    expect(targets.length).toBeGreaterThan(20);
    expect(targets.filter((target) => !/^(https:|#)/.test(target))).toEqual([]);
  });
});

describe('repositoryUrl()', () => {
  test('returns the web address of the repository', () => {
    expect(repositoryUrl({ repository: { type: 'git', url: 'git+https://host.example/o/r.git' } })).toBe(
      'https://host.example/o/r',
    );
  });

  test('returns null without a repository', () => {
    expect(repositoryUrl({ repository: undefined })).toBeNull();
  });
});
