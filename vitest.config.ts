import { defineConfig } from 'vitest/config';

// Runs test files in forks, because threads of the runner would share the kernel state of the
// addon. Two at a time, for machines with two cores; the kill loop and the cluster tests run after
// the others.
const suite = (name: string, groupOrder: number, testTimeout: number) => ({
  extends: true as const,
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout,
    hookTimeout: testTimeout,
    sequence: { groupOrder },
  },
});

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    reporters: ['default', './test/support/closing-line-reporter.ts'],
    projects: [
      suite('unit', 0, 10_000),
      suite('native', 0, 600_000),
      suite('integration', 0, 30_000),
      suite('multiprocess', 1, 60_000),
      suite('stress', 2, 300_000),
      suite('cluster', 3, 300_000),
    ],
    coverage: {
      provider: 'v8',
      include: ['src/**'],
      reporter: ['text'],
      reportsDirectory: 'coverage',
    },
  },
});
