// Ends the run with the skips and their reasons, and the line that CI reads: N passed, N failed, N skipped.
import type { Reporter, TestCase, TestModule } from 'vitest/node';

export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: string) => tests.filter((test) => test.result().state === state).length;
    // A file that does not load has no tests and would otherwise count for nothing.
    const broken = modules.filter(
      (module) => module.state() === 'failed' && [...module.children.allTests('failed')].length === 0,
    );
    for (const test of tests.filter((one) => one.result().state === 'skipped')) console.log(skipLine(test));
    const failed = count('failed') + broken.length + errors.length;
    console.log(`\n${count('passed')} passed, ${failed} failed, ${count('skipped')} skipped`);
  }
}

function skipLine(test: TestCase): string {
  const result = test.result();
  return `skipped: ${test.fullName}: ${result.state === 'skipped' && result.note ? result.note : 'NO REASON GIVEN'}`;
}
