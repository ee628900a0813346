// Takes the place of vitest in the bundle: the helpers of the tests end their processes after the
// test, and here after each row.
const cleanups = [];

export function onTestFinished(cleanup) {
  cleanups.push(cleanup);
}

/** Ends everything that the row has started, the latest first. */
export async function finishRow() {
  while (cleanups.length > 0) await cleanups.pop()({ task: {} });
}

/** What a row needs and this machine lacks. */
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
