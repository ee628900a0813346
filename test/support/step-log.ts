// The steps that the gateways of test/fixtures/upgrading-gateway.mjs print, and the files that make
// the gateways wait at a step.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { Running } from './command.js';

/** The program of the gateways. */
export const GATEWAY = fileURLToPath(new URL('../fixtures/upgrading-gateway.mjs', import.meta.url));
/** The time limit for one step, in milliseconds: long, for busy machines. */
const STEP_TIMEOUT_MS = 60_000;

/** A line that a gateway prints: a step that the process `pid` has reached. */
export interface Step {
  readonly pid: number;
  readonly name: string;
  readonly detail: string;
}

/** Follows the steps of all gateways of one directory, in whichever process they happen. */
export class StepLog {
  readonly steps: Step[] = [];
  readonly #directory: string;
  readonly #run: Running;
  #rest = '';
  #since = 0;

  /** `run` is the process whose stdout the gateways inherit. */
  constructor(directory: string, run: Running) {
    this.#directory = directory;
    this.#run = run;
    run.child.stdout!.on('data', (text: string) => this.#read(text));
    // Keeps the output of failed gateways for the report of a failed test.
    onTestFinished(({ task }) => {
      if (task.result?.state === 'fail') console.error(this.describe());
    });
  }

  /** From now on, {@link until} finds only later steps. */
  begin(): void {
    this.#since = this.steps.length;
  }

  hold(step: string): void {
    writeFileSync(join(this.#directory, `hold-${step}`), '');
  }

  release(step: string): void {
    rmSync(join(this.#directory, `hold-${step}`), { force: true });
  }

  /** Waits for a step with one of these names since {@link begin}, of any process or of `pid`. */
  async until(names: string | readonly string[], pid?: number): Promise<Step> {
    const deadline = performance.now() + STEP_TIMEOUT_MS;
    for (;;) {
      const found = this.#find([names].flat(), pid);
      if (found !== undefined) return found;
      if (performance.now() > deadline) throw new Error(`no step '${names}' within ${STEP_TIMEOUT_MS} ms`);
      await sleep(2);
    }
  }

  /** What the witnesses have found; '' if there was at most one gateway at any time. */
  doubles(): string {
    const path = join(this.#directory, 'doubles');
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  describe(): string {
    const lines = this.steps.slice(-40).map(({ pid, name, detail }) => `${pid} ${name} ${detail}`);
    return [...lines, this.#run.err].join('\n');
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop()!;
    for (const line of lines) {
      const [pid, name, ...detail] = line.split(' ');
      this.steps.push({ pid: Number(pid), name: name!, detail: detail.join(' ') });
    }
  }

  #find(names: readonly string[], pid: number | undefined): Step | undefined {
    return this.steps.slice(this.#since).find((step) => names.includes(step.name) && (pid ?? step.pid) === step.pid);
  }
}
