// The keeper: decides which program serves while programs come and go. It keeps the lock and the
// socket, so clients wait in the backlog between two programs.
//
// At most one program waits behind the serving one. Two waiting programs would both go on if this
// process were killed, because each would see the end of its custody channel.
import type { ChildEnd } from '../../signal-relay.js';
import type { RestartPolicy } from './restart-policy.js';

/** Why a program is started. `serve`: it may serve at once. The others wait for the serving one. */
export type Purpose = 'serve' | 'reload' | 'standby';
/** Why the old program stays after a reload. */
export type KeptReason = 'exited' | 'timed-out' | 'not-adopted';

/** A running program, as the keeper sees it. */
export interface KeptProgram {
  /** Milliseconds since the start. */
  readonly ranMs: number;
  /** Lets the program serve. The predecessor must be gone. */
  commit(): void;
  /** Sends SIGTERM, and SIGKILL after the grace period. */
  terminate(): void;
  /** Sends SIGKILL. */
  kill(): void;
}

/** What the keeper does to the world outside. */
export interface KeeperActions<P extends KeptProgram> {
  /** Starts a program behind `predecessor`, which is null if no program runs. */
  start(purpose: Purpose, predecessor: P | null): P;
  /** Calls `restart` after `delayMs` milliseconds. Returns a function that cancels the call. */
  restartLater(delayMs: number, end: ChildEnd, restart: () => void): () => void;
  /** Names the serving program in the owner record. */
  name(program: P): void;
  reloading(next: P): void;
  serving(program: P): void;
  kept(next: P, reason: KeptReason, end: ChildEnd): void;
  refuseReload(): void;
  noStandby(end: ChildEnd): void;
  /** No program is left, and none will be started. */
  finish(end: ChildEnd): void;
}

export interface KeeperOptions {
  readonly restarts: RestartPolicy;
  /** The policy for a standby that ends before it serves; null without a standby. */
  readonly standbys: RestartPolicy | null;
}

interface Waiting<P> {
  readonly program: P;
  readonly purpose: 'reload' | 'standby';
  /** `leaving`: the program has been told to end, and must not serve. */
  readonly phase: 'starting' | 'ready' | 'leaving';
  readonly reason: KeptReason;
}

export class Keeper<P extends KeptProgram> {
  readonly #actions: KeeperActions<P>;
  readonly #options: KeeperOptions;
  #current: P | null = null;
  #isCurrentReady = false;
  #waiting: Waiting<P> | null = null;
  /** What to do once the waiting program has ended. */
  #afterWaiting: (() => void) | null = null;
  /** True if this keeper has told the serving program to end, for a reload. */
  #draining = false;
  #stopping = false;
  #cancelRestart: () => void = () => {};

  constructor(options: KeeperOptions, actions: KeeperActions<P>) {
    this.#options = options;
    this.#actions = actions;
  }

  /** Starts the first program, or the next one after an end. */
  start(): void {
    this.#serve(this.#actions.start('serve', null));
  }

  /** Replaces the serving program by a new one, once the new one is ready. */
  reload(): void {
    if (this.#stopping) return;
    if (this.#waiting?.purpose === 'reload') return this.#actions.refuseReload();
    this.#cancelRestart();
    if (this.#current === null && this.#waiting === null) return this.start();
    // A standby was loaded before the change that the reload is for.
    this.#whenNoneWaits(() => this.#startWaiting('reload'));
  }

  /**
   * Starts no program any more, and ends the waiting one. The serving program has received the
   * signal already. `end` is the result if no program serves.
   */
  stop(end: ChildEnd): void {
    this.#stopping = true;
    this.#cancelRestart();
    if (this.#current === null) this.#finishWhenAlone(end);
    else this.#dismiss('exited');
  }

  get current(): P | null {
    return this.#current;
  }

  /** `program` has reported that it is prepared, or that it serves. */
  ready(program: P): void {
    if (program === this.#current) return this.#currentReady();
    if (this.#waiting?.program !== program || this.#waiting.phase !== 'starting') return;
    this.#waiting = { ...this.#waiting, phase: 'ready' };
    if (this.#waiting.purpose === 'reload') this.#drain();
  }

  /** `program` is not ready in time, or cannot take over. */
  fail(program: P, reason: KeptReason): void {
    if (this.#waiting?.program === program && this.#waiting.phase === 'starting') this.#dismiss(reason);
  }

  ended(program: P, end: ChildEnd): void {
    if (program === this.#current) this.#currentEnded(program, end);
    else if (this.#waiting?.program === program) this.#waitingEnded(this.#waiting, end);
  }

  #serve(program: P): void {
    this.#current = program;
    this.#isCurrentReady = false;
    this.#draining = false;
    this.#actions.name(program);
    program.commit();
  }

  #currentReady(): void {
    if (this.#isCurrentReady) return;
    this.#isCurrentReady = true;
    this.#actions.serving(this.#current!);
    this.#startStandby();
  }

  #drain(): void {
    this.#draining = true;
    this.#current?.terminate();
  }

  #currentEnded(program: P, end: ChildEnd): void {
    this.#current = null;
    if (this.#stopping) return this.#finishWhenAlone(end);
    // The program that leaves must be gone first: it would go on if this process were killed.
    if (this.#waiting?.phase === 'leaving') {
      this.#waiting.program.kill();
      this.#afterWaiting = () => this.#restart(program, end);
      return;
    }
    this.#succeed(program, end);
  }

  #succeed(program: P, end: ChildEnd): void {
    const waiting = this.#waiting;
    if (waiting?.purpose === 'reload') return this.#promote(waiting);
    if (waiting === null) return this.#restart(program, end);
    if (this.#delayAfter(program, end) === null) this.#finishWhenAlone(end);
    else this.#promote(waiting);
  }

  /** Lets the waiting program serve. */
  #promote({ program, phase }: Waiting<P>): void {
    this.#waiting = null;
    this.#serve(program);
    if (phase === 'ready') this.#currentReady();
  }

  #delayAfter(program: P, end: ChildEnd): number | null {
    // This keeper ended the program for a reload, and the new program has failed since.
    return this.#draining ? 0 : this.#options.restarts.delayAfter(end, program.ranMs);
  }

  #restart(program: P, end: ChildEnd): void {
    const delayMs = this.#delayAfter(program, end);
    if (delayMs === null) return this.#finishWhenAlone(end);
    this.#cancelRestart = this.#actions.restartLater(delayMs, end, () => this.start());
  }

  #finishWhenAlone(end: ChildEnd): void {
    this.#stopping = true;
    this.#afterWaiting = () => this.#actions.finish(end);
    if (this.#waiting === null) this.#runAfterWaiting();
    else this.#dismiss('exited');
  }

  #startWaiting(purpose: 'reload' | 'standby'): void {
    if (this.#current === null) return this.start();
    const program = this.#actions.start(purpose, this.#current);
    this.#waiting = { program, purpose, phase: 'starting', reason: 'exited' };
    if (purpose === 'reload') this.#actions.reloading(program);
  }

  #startStandby(): void {
    if (this.#options.standbys === null || this.#stopping || this.#waiting !== null || this.#current === null) return;
    this.#startWaiting('standby');
  }

  #dismiss(reason: KeptReason): void {
    if (this.#waiting === null || this.#waiting.phase === 'leaving') return;
    this.#waiting = { ...this.#waiting, phase: 'leaving', reason };
    this.#waiting.program.terminate();
  }

  #whenNoneWaits(then: () => void): void {
    this.#afterWaiting = then;
    if (this.#waiting === null) this.#runAfterWaiting();
    else this.#dismiss('exited');
  }

  #waitingEnded({ program, purpose, reason }: Waiting<P>, end: ChildEnd): void {
    this.#waiting = null;
    if (purpose === 'reload' && !this.#stopping) this.#actions.kept(program, reason, end);
    if (this.#afterWaiting !== null) return this.#runAfterWaiting();
    if (purpose === 'reload') this.#startStandby();
    else this.#standbyEnded(program, end);
  }

  #standbyEnded(program: P, end: ChildEnd): void {
    if (this.#stopping) return;
    const delayMs = this.#options.standbys?.delayAfter(end, program.ranMs) ?? null;
    if (delayMs === null) return this.#actions.noStandby(end);
    this.#cancelRestart = this.#actions.restartLater(delayMs, end, () => this.#startStandby());
  }

  #runAfterWaiting(): void {
    const then = this.#afterWaiting;
    this.#afterWaiting = null;
    then?.();
  }
}
