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
  /** Calls `start` when the program that now serves is no longer busy with its start. */
  standbyLater(start: () => void): () => void;
  /** Names the program that serves next. `isReady` is false if a reload has not been completed. */
  name(program: P, isReady: boolean): void;
  /** `next` has been started for a reload. */
  reloading(next: P): void;
  /** `next` is ready, and the serving program has been told to end. */
  draining(next: P): void;
  /** The serving program is ready. */
  serving(): void;
  kept(next: P, reason: KeptReason, end: ChildEnd): void;
  refuseReload(): void;
  noStandby(): void;
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
  readonly #restarts: RestartPolicy;
  #standbys: RestartPolicy | null;
  #current: P | null = null;
  #isCurrentReady = false;
  #waiting: Waiting<P> | null = null;
  /** What to do once the waiting program has ended. */
  #afterWaiting: (() => void) | null = null;
  /** True if this keeper has told the serving program to end, for a reload. */
  #draining = false;
  #stopping = false;
  #cancelRestart: () => void = () => {};

  constructor({ restarts, standbys }: KeeperOptions, actions: KeeperActions<P>) {
    this.#restarts = restarts;
    this.#standbys = standbys;
    this.#actions = actions;
  }

  get current(): P | null {
    return this.#current;
  }

  /** Starts the first program, or the next one after an end. */
  start(): void {
    this.#serve(this.#actions.start('serve', null), true);
  }

  /** Replaces the serving program by a new one, once the new one is ready. */
  reload(): void {
    if (this.#stopping) return;
    if (this.#waiting?.purpose === 'reload') {
      this.#actions.refuseReload();
    } else {
      this.#cancelRestart();
      // A standby was loaded before the change that the reload is for.
      this.#whenNoneWaits(() => this.#startWaiting('reload'));
    }
  }

  /**
   * Starts no program any more, and ends the waiting one. The serving program has received the
   * signal already. `end` is the result if no program serves.
   */
  stop(end: ChildEnd): void {
    this.#stopping = true;
    this.#cancelRestart();
    this.#afterWaiting = null;
    if (this.#current === null) this.#finishWhenAlone(end);
    else this.#dismiss('exited');
  }

  /**
   * `program` is prepared, or serves. `waits` is true if it waits for the end of its custody
   * channel.
   */
  ready(program: P, waits: boolean): void {
    const waiting = this.#waiting;
    if (program === this.#current) this.#currentReady();
    if (waiting?.program !== program || waiting.phase !== 'starting') return;
    // Only during a reload may two programs accept, for a moment.
    if (waiting.purpose === 'standby' && !waits) this.#dismiss('not-adopted');
    else this.#waiting = { ...waiting, phase: 'ready' };
    if (waiting.purpose === 'reload') this.#drain(program);
  }

  /** `program` is not ready in time, or cannot take over. */
  fail(program: P, reason: KeptReason): void {
    // It has replaced a program that died during the reload. Like the first program, it then counts as ready.
    if (program === this.#current && reason === 'timed-out') this.#currentReady();
    if (this.#waiting?.program === program && this.#waiting.phase === 'starting') this.#dismiss(reason);
  }

  ended(program: P, end: ChildEnd): void {
    if (program === this.#current) this.#currentEnded(program, end);
    else if (this.#waiting?.program === program) this.#waitingEnded(this.#waiting, end);
  }

  #serve(program: P, isReady: boolean): void {
    this.#current = program;
    this.#isCurrentReady = false;
    this.#draining = false;
    this.#actions.name(program, isReady);
    program.commit();
  }

  #currentReady(): void {
    if (this.#isCurrentReady) return;
    this.#isCurrentReady = true;
    this.#actions.serving();
    if (this.#standbys !== null) this.#cancelRestart = this.#actions.standbyLater(() => this.#startStandby());
  }

  #drain(next: P): void {
    this.#draining = true;
    this.#current?.terminate();
    this.#actions.draining(next);
  }

  #currentEnded(program: P, end: ChildEnd): void {
    this.#current = null;
    const waiting = this.#waiting;
    if (this.#stopping) {
      this.#finishWhenAlone(end);
    } else if (waiting?.phase === 'leaving') {
      // It must be gone before the next start: it would go on if this process were killed.
      this.#afterWaiting = () => this.#restart(program, end);
      waiting.program.kill();
    } else if (waiting === null) {
      this.#restart(program, end);
    } else if (waiting.purpose === 'reload' || this.#delayAfter(program, end) !== null) {
      this.#promote(waiting);
    } else {
      this.#finishWhenAlone(end);
    }
  }

  /** Lets the waiting program serve. */
  #promote({ program, purpose, phase }: Waiting<P>): void {
    this.#waiting = null;
    this.#serve(program, phase === 'ready' || purpose === 'standby');
    if (phase === 'ready') this.#currentReady();
  }

  #restart(program: P, end: ChildEnd): void {
    const delayMs = this.#delayAfter(program, end);
    if (delayMs === null) this.#finishWhenAlone(end);
    else this.#cancelRestart = this.#actions.restartLater(delayMs, end, () => this.start());
  }

  #delayAfter(program: P, end: ChildEnd): number | null {
    // This keeper ended the program for a reload, and the new program has failed since.
    return this.#draining ? 0 : this.#restarts.delayAfter(end, program.ranMs);
  }

  #finishWhenAlone(end: ChildEnd): void {
    this.#stopping = true;
    this.#whenNoneWaits(() => this.#actions.finish(end));
  }

  #startWaiting(purpose: 'reload' | 'standby'): void {
    if (this.#current === null) {
      this.start();
    } else {
      const program = this.#actions.start(purpose, this.#current);
      this.#waiting = { program, purpose, phase: 'starting', reason: 'exited' };
      if (purpose === 'reload') this.#actions.reloading(program);
    }
  }

  #startStandby(): void {
    const isNeeded = this.#standbys !== null && this.#current !== null && this.#waiting === null;
    if (isNeeded && !this.#stopping) this.#startWaiting('standby');
  }

  /** Tells the waiting program to end. */
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
    if (this.#afterWaiting !== null) this.#runAfterWaiting();
    else if (purpose === 'reload') this.#startStandby();
    else if (!this.#stopping) this.#standbyEnded(program, reason, end);
  }

  #standbyEnded(program: P, reason: KeptReason, end: ChildEnd): void {
    const delayMs = reason === 'not-adopted' ? null : this.#standbys!.delayAfter(end, program.ranMs);
    if (delayMs !== null) {
      this.#cancelRestart = this.#actions.restartLater(delayMs, end, () => this.#startStandby());
    } else {
      this.#standbys = null;
      this.#actions.noStandby();
    }
  }

  #runAfterWaiting(): void {
    const then = this.#afterWaiting;
    this.#afterWaiting = null;
    then?.();
  }
}
