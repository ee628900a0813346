// A real terminal for a test, in a separate tmux server.
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { onTestFinished } from 'vitest';
import type { Missing } from './capabilities.js';
import { environment } from './command.js';
import { until } from './until.js';

export function whyNoTerminal(): Missing {
  try {
    execFileSync('tmux', ['-V'], { stdio: 'pipe' });
    return null;
  } catch (error) {
    return `needs tmux: ${(error as Error).message}`;
  }
}

/** A terminal that runs one command, and is closed after the test. */
export class Terminal {
  readonly #name = `gateway-lock-test-${randomUUID()}`;

  /** Runs a shell command, then prints `exit=` and its exit code. */
  constructor(command: string, options: { columns: number; rows: number; home: string; env?: NodeJS.ProcessEnv }) {
    const { columns, rows, home, env } = options;
    onTestFinished(() => void this.#tmux('kill-server'));
    // Ignores the user's tmux settings. The final `cat` keeps the terminal open until the server is
    // killed.
    const server = ['-L', this.#name, '-f', '/dev/null', 'new-session', '-d', '-x', `${columns}`, '-y', `${rows}`];
    execFileSync('tmux', [...server, `${command}; echo exit=$?; exec cat`], {
      env: environment(home, env),
      stdio: 'pipe',
    });
  }

  /** Returns the text on the screen, without escape sequences. */
  screen(): string {
    return this.#tmux('capture-pane', '-p');
  }

  /** Returns the text on the screen, with escape sequences as tmux writes them. */
  colours(): string {
    return this.#tmux('capture-pane', '-p', '-e');
  }

  /** Returns a variable of tmux, for example cursor_flag or pane_width. */
  ask(variable: string): string {
    return this.#tmux('display-message', '-p', `#{${variable}}`).trim();
  }

  /** Types text, or keys by their tmux names, such as C-c or Tab. */
  type(...keys: string[]): void {
    this.#tmux('send-keys', '--', ...keys);
  }

  resize(columns: number, rows: number): void {
    this.#tmux('resize-window', '-x', `${columns}`, '-y', `${rows}`);
  }

  /** Waits until the text on the screen matches. */
  async shows(expected: RegExp): Promise<void> {
    await until(() => expected.test(this.screen()), `${expected} on the terminal`, 20_000).catch((error) => {
      throw new Error(`${(error as Error).message}, which shows:\n${this.screen()}`);
    });
  }

  #tmux(...args: string[]): string {
    return execFileSync('tmux', ['-L', this.#name, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  }
}
