// A real terminal: tmux, with a server of its own for each test.
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { onTestFinished } from 'vitest';
import type { Missing } from './capabilities.js';
import { environment } from './command.js';
import { until } from './places.js';

export function whyNoTerminal(): Missing {
  try {
    execFileSync('tmux', ['-V'], { stdio: 'pipe' });
    return null;
  } catch (error) {
    return `needs tmux: ${(error as Error).message}`;
  }
}

export class Terminal {
  readonly #name = `gateway-lock-test-${randomUUID()}`;

  /** Runs a shell command in a terminal of that size, and then shows `exit=` and its exit code. */
  constructor(command: string, options: { columns: number; rows: number; home: string; env?: NodeJS.ProcessEnv }) {
    const { columns, rows, home, env } = options;
    onTestFinished(() => void this.#tmux('kill-server'));
    // No settings of the person whose machine this is; the terminal stays until its server is ended.
    const server = ['-L', this.#name, '-f', '/dev/null', 'new-session', '-d', '-x', `${columns}`, '-y', `${rows}`];
    execFileSync('tmux', [...server, `${command}; echo exit=$?; exec cat`], {
      env: environment(home, env),
      stdio: 'pipe',
    });
  }

  /** What it shows, without its escape sequences. */
  screen(): string {
    return this.#tmux('capture-pane', '-p');
  }

  /** With them, as tmux writes them. */
  colours(): string {
    return this.#tmux('capture-pane', '-p', '-e');
  }

  /** What tmux knows: cursor_flag, pane_width ... */
  ask(variable: string): string {
    return this.#tmux('display-message', '-p', `#{${variable}}`).trim();
  }

  /** As tmux names keys: C-c, Tab, or text. */
  type(...keys: string[]): void {
    this.#tmux('send-keys', '--', ...keys);
  }

  resize(columns: number, rows: number): void {
    this.#tmux('resize-window', '-x', `${columns}`, '-y', `${rows}`);
  }

  async shows(expected: RegExp): Promise<void> {
    await until(() => expected.test(this.screen()), `${expected} on the terminal`, 20_000).catch((error) => {
      throw new Error(`${(error as Error).message}, which shows:\n${this.screen()}`);
    });
  }

  #tmux(...args: string[]): string {
    return execFileSync('tmux', ['-L', this.#name, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  }
}
