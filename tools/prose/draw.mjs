// node tools/prose/draw.mjs [SEED] [COUNT]: draws random sentences from the project's prose. A
// reader who does not know the project then rates each one as clear, stilted, wrong, or needing two
// readings. The same seed always draws the same sentences.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const [seed = '1', count = '120'] = process.argv.slice(2);

/** The sources of the sentences. Each supplies the same number. */
const SOURCES = {
  'README and docs': { files: ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'docs/*.md'], sentencesOf: ofMarkdown },
  decisions: { files: ['docs/decisions/*.md'], sentencesOf: ofMarkdown },
  changelog: { files: ['CHANGELOG.md'], sentencesOf: ofMarkdown },
  'comments in src': { files: ['src/**/*.ts'], sentencesOf: ofComments },
  'comments in native': { files: ['native/**/*.h', 'native/**/*.cc'], sentencesOf: ofComments },
  'comments in scripts': { files: ['scripts/**/*.mjs', 'tools/**/*.mjs', 'bench/**/*.mjs'], sentencesOf: ofComments },
  'test titles': { files: ['test/**/*.ts', 'native/test/**/*.cc'], sentencesOf: ofTitles },
  'messages and help': { files: ['src/**/*.ts'], sentencesOf: ofMessages },
};

const random = randomFrom(Number(seed));
const pools = Object.entries(SOURCES).map(([source, { files, sentencesOf }]) => {
  const paths = execFileSync('git', ['ls-files', '-z', ...files.map((glob) => `:(glob)${glob}`)], { encoding: 'utf8' });
  const found = paths
    .split('\0')
    .filter(Boolean)
    .flatMap((path) => sentencesOf(readFileSync(path, 'utf8')).map((text) => ({ path, text })));
  return { source, found };
});
for (let number = 0; number < Number(count); number++) {
  const { source, found } = pools[number % pools.length];
  const [{ path, text }] = found.splice(Math.floor(random() * found.length), 1);
  console.log(`${number + 1}. [${source}, ${path}] ${text}`);
}

function ofMarkdown(text) {
  const prose = text.replace(/^```[\s\S]*?^```/gm, '').replace(/<!--[\s\S]*?-->/g, '');
  const paragraphs = prose
    .split(/\n\s*\n|\n(?=[-*|#\d])/)
    .map((part) => part.replace(/\s+/g, ' ').replace(/^[-*#>\d.|\s]+|[|\s]+$/g, ''));
  return paragraphs.flatMap((part) => part.split(/ \| /)).flatMap(sentences);
}

function ofComments(text) {
  const blocks = text.match(/\/\*\*?[\s\S]*?\*\/|(?:^[ \t]*\/\/.*\n?)+/gm) ?? [];
  return blocks
    .map((block) =>
      block
        .replace(/^[ \t]*(\/\/+|\/\*\*?|\*\/?)/gm, '')
        .replace(/\*\//g, '')
        .replace(/\s+/g, ' '),
    )
    .flatMap(sentences);
}

function ofTitles(text) {
  // Joins the parts of a C++ string that spans several lines.
  const joined = text.replaceAll(/"\n\s*"/g, '');
  return [...joined.matchAll(/(?:\b(?:test|describe)(?:\.\w+(?:\([^)]*\))?)?|TEST)\(\s*(['"`])((?:(?!\1).)+)\1/g)]
    .map((match) => match[2])
    .filter(isSentence);
}

/** Returns string literals with several words, such as errors, hints and help texts. */
function ofMessages(text) {
  const code = text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  return [...code.matchAll(/(['`])((?:(?!\1)[^\n\\]|\\.)+)\1/g)]
    .map((match) => match[2])
    .filter((found) => isSentence(found) && !/\/\/|=>|;|^[^A-Za-z'`$]|\b(return|const|select)\b/.test(found));
}

function sentences(text) {
  return text
    .split(/(?<=[.!?:]) +(?=[A-Z`])/)
    .map((sentence) => sentence.trim())
    .filter(isSentence);
}

function isSentence(text) {
  return text.split(' ').length >= 5 && /[a-z]{3}/.test(text);
}

/** Returns a random number generator (mulberry32) that is determined by the seed. */
function randomFrom(state) {
  let value = state >>> 0;
  return () => {
    value = (value + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(value ^ (value >>> 15), value | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
