// Waits until a program is ready. A program reports that itself, or answers an HTTP request.
import type { Endpoint } from '../../../endpoint.js';
import type { Program } from './program.js';
import { servesItself } from './serving-probe.js';

/** Milliseconds between two requests. The pause doubles up to the longest one. */
const PROBE_PAUSES_MS = { shortest: 100, longest: 1000 };
/**
 * Milliseconds after which the only program counts as ready if it neither reports nor answers. The
 * socket listens already, so a service manager has nothing to wait for.
 */
const SILENT_MS = 5000;

export interface ReadinessOptions {
  /** Where the program serves; null if it has no port. */
  readonly endpoint: Endpoint | null;
  readonly healthPath: string;
  readonly timeoutMs: number;
}

export interface ReadinessListener {
  ready(): void;
  late(): void;
}

/** Watches one program until it is ready, has ended, or is too late. */
export class Readiness {
  readonly #program: Program;
  readonly #options: ReadinessOptions;
  readonly #listener: ReadinessListener;
  readonly #deadline: NodeJS.Timeout;
  #pause: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(program: Program, options: ReadinessOptions, listener: ReadinessListener) {
    this.#program = program;
    this.#options = options;
    this.#listener = listener;
    const isAlone = program.purpose === 'serve';
    const timeoutMs = isAlone ? Math.min(SILENT_MS, options.timeoutMs) : options.timeoutMs;
    this.#deadline = setTimeout(() => this.#settle(isAlone ? 'ready' : 'late'), timeoutMs);
    if (options.endpoint !== null) this.#probeAfter(PROBE_PAUSES_MS.shortest, options.endpoint);
  }

  /** The program has reported that it is ready. */
  reported(): void {
    this.#settle('ready');
  }

  close(): void {
    this.#isOver = true;
    clearTimeout(this.#deadline);
    clearTimeout(this.#pause);
  }

  #probeAfter(pauseMs: number, endpoint: Endpoint): void {
    this.#pause = setTimeout(() => void this.#probe(pauseMs, endpoint), pauseMs);
  }

  async #probe(pauseMs: number, endpoint: Endpoint): Promise<void> {
    const serves = await servesItself(this.#program.pid, endpoint, this.#options.healthPath);
    if (this.#isOver) return;
    if (serves) this.#settle('ready');
    else this.#probeAfter(Math.min(pauseMs * 2, PROBE_PAUSES_MS.longest), endpoint);
  }

  #settle(result: 'ready' | 'late'): void {
    if (this.#isOver) return;
    this.close();
    this.#listener[result]();
  }
}
