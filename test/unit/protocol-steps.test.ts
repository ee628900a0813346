// The step numbers of the protocol are the same in docs/protocol.md, in the models and in the code.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const page = read('docs/protocol.md');
const steps = [...page.matchAll(/^(\d+)\. \*\*/gm)].map((match) => Number(match[1]));

test('docs/protocol.md numbers its steps without a gap', () => {
  expect(steps.length).toBeGreaterThan(10);
  expect(steps).toEqual(steps.map((_, index) => index + 1));
});

test('the models in verify/ contain each step of docs/protocol.md, and no other step', () => {
  const found = textsIn('verify', /\.pml$/).flatMap((text) => stepsOf(text, /^(?:\/\*|\s*\/\*|) ?step ?(\d+)/gm));
  expect(distinct(found)).toEqual(steps);
});

test('the table in docs/protocol.md lists the steps that each model contains', () => {
  for (const [, model, first, last] of page.matchAll(/^\| `(\w+\.pml)` \| (\d+) to (\d+) \|/gm)) {
    const found = distinct(stepsOf(read(`verify/${model}`), /^(?:\s*\/\* |)step ?(\d+)/gm));
    expect([model, found[0], found.at(-1)]).toEqual([model, Number(first), Number(last)]);
  }
});

test('a comment in the code marks each step of docs/protocol.md', () => {
  const texts = [...textsIn('src', /\.ts$/), ...textsIn('native/os', /\.cc$/)];
  expect(distinct(texts.flatMap(commentedSteps))).toEqual(steps);
});

/** Matches "Step 3" and "Steps 9 to 11". */
function commentedSteps(text: string): number[] {
  return [...text.matchAll(/\bSteps? (\d+)(?: to (\d+))?\b/g)].flatMap(([, from, to = from]) => {
    const first = Number(from);
    return Array.from({ length: Number(to) - first + 1 }, (_, index) => first + index);
  });
}

function stepsOf(text: string, pattern: RegExp): number[] {
  return [...text.matchAll(pattern)].map((match) => Number(match[1]));
}

function distinct(numbers: readonly number[]): number[] {
  return [...new Set(numbers)].sort((a, b) => a - b);
}

function textsIn(folder: string, pattern: RegExp): string[] {
  const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  return names.filter((name) => pattern.test(name)).map((name) => read(`${folder}/${name}`));
}

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}
