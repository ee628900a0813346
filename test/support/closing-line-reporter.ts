// A reporter that prints the skipped tests with their reasons, and then the line that CI reads: "N
// passed, N failed, N skipped". A test that is skipped without a reason counts as failed.
import type { Reporter, TestCase, TestModule, Vitest } from 'vitest/node';

export default class ClosingLineReporter implements Reporter {
  #byName = false;

  onInit(vitest: Vitest): void {
    this.#byName = vitest.config.testNamePattern !== undefined;
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: string) => tests.filter((test) => test.result().state === state).length;
    // A file that does not load counts as failed, because its tests are unknown.
    const broken = modules.filter(
      (module) => module.state() === 'failed' && [...module.children.allTests('failed')].length === 0,
    );
    // With -t, vitest reports tests that do not match the pattern as skipped.
    const skipped = tests.filter(
      (one) => one.result().state === 'skipped' && (!this.#byName || reasonOf(one) !== undefined),
    );
    for (const test of skipped)
      console.log(`skipped: ${test.fullName}: ${reasonOf(test) ?? 'FAILED, NO REASON GIVEN'}`);
    const unexplained = skipped.filter((test) => reasonOf(test) === undefined).length;
    if (unexplained > 0) process.exitCode = 1;
    const failed = count('failed') + broken.length + errors.length + unexplained;
    console.log(`\n${count('passed')} passed, ${failed} failed, ${skipped.length - unexplained} skipped`);
  }
}

function reasonOf(test: TestCase): string | undefined {
  const result = test.result();
  return result.state === 'skipped' ? result.note : undefined;
}
