// Takes the place of vitest in the bundle: the helpers of the tests end their processes after the
// test, and here after each row.
const cleanups = [];

export function onTestFinished(cleanup) {
  cleanups.push(cleanup);
}

/**
 * Ends everything that the row has started, the latest first. A cleanup that fails does not keep the
 * others from running.
 */
export async function finishRow() {
  while (cleanups.length > 0) {
    try {
      await cleanups.pop()({ task: {} });
    } catch (error) {
      process.stderr.write(`${error.stack}\n`);
    }
  }
}

/** Thrown if this machine lacks what a row needs. */
export class Skipped extends Error {}

/** The context that the helpers of the tests expect. */
export const context = {
  skip: (reason) => {
    throw new Skipped(reason);
  },
};

// Hooks of test files, which no row uses.
export function beforeAll() {}
export function afterAll() {}
