import { describe, expect, test } from 'vitest';
import { Keeper, type KeeperActions, type KeptProgram, type Purpose } from '../../src/cli/commands/run/keeper.js';
import { type RestartMode, RestartPolicy } from '../../src/cli/commands/run/restart-policy.js';

const KILLED = { signal: 'SIGKILL' } as const;
const DONE = { code: 0 };

/** A program whose end the test decides. */
class FakeProgram implements KeptProgram {
  readonly ranMs = 0;
  readonly name: string;
  readonly #log: string[];

  constructor(name: string, log: string[]) {
    this.name = name;
    this.#log = log;
  }

  commit(): void {
    this.#log.push(`commit ${this.name}`);
  }

  terminate(): void {
    this.#log.push(`terminate ${this.name}`);
  }

  kill(): void {
    this.#log.push(`kill ${this.name}`);
  }
}

/** A keeper whose actions are written to a log. Programs are called p1, p2 and so on. */
class Scene implements KeeperActions<FakeProgram> {
  readonly log: string[] = [];
  readonly programs: FakeProgram[] = [];
  readonly keeper: Keeper<FakeProgram>;
  pass: () => void = () => {};

  constructor(mode: RestartMode, { standby = false, maxRestarts = Number.POSITIVE_INFINITY } = {}) {
    const rules = { mode, delayMs: 100, maxRestarts };
    const standbys = standby ? new RestartPolicy({ ...rules, mode: 'always' }) : null;
    this.keeper = new Keeper({ restarts: new RestartPolicy(rules), standbys }, this);
    this.keeper.start();
  }

  /** Returns what has happened since the last call. */
  happened(): string[] {
    return this.log.splice(0);
  }

  start(purpose: Purpose, predecessor: FakeProgram | null): FakeProgram {
    const program = new FakeProgram(`p${this.programs.length + 1}`, this.log);
    this.programs.push(program);
    this.log.push(`start ${program.name} to ${purpose}${predecessor === null ? '' : ` after ${predecessor.name}`}`);
    return program;
  }

  restartLater(delayMs: number, _end: object, restart: () => void): () => void {
    this.log.push(`restart in ${delayMs}`);
    this.pass = restart;
    return () => {
      this.pass = () => {};
    };
  }

  standbyLater(start: () => void): () => void {
    start();
    return () => {};
  }

  name(program: FakeProgram): void {
    this.log.push(`name ${program.name}`);
  }

  reloading(): void {
    this.log.push('reloading');
  }

  draining(): void {
    this.log.push('draining');
  }

  serving(): void {
    this.log.push('serving');
  }

  kept(next: FakeProgram, reason: string): void {
    this.log.push(`kept because ${next.name} ${reason}`);
  }

  refuseReload(): void {
    this.log.push('refuse');
  }

  noStandby(): void {
    this.log.push('no standby');
  }

  finish(end: object): void {
    this.log.push(`finish ${JSON.stringify(end)}`);
  }
}

/** Starts a keeper whose first program is ready. */
function serving(mode: RestartMode, options = {}) {
  const scene = new Scene(mode, options);
  const [p1] = scene.programs as [FakeProgram];
  scene.keeper.ready(p1, false);
  scene.happened();
  return { scene, keeper: scene.keeper, p1 };
}

/** Starts a reload whose new program is not ready yet. */
function reloading(mode: RestartMode) {
  const { scene, keeper, p1 } = serving(mode);
  keeper.reload();
  scene.happened();
  return { scene, keeper, p1, p2: scene.programs[1]! };
}

describe('the first program', () => {
  test('is named in the record before it may serve', () => {
    const scene = new Scene('no');
    expect(scene.happened()).toEqual(['start p1 to serve', 'name p1', 'commit p1']);
    scene.keeper.ready(scene.programs[0]!, false);
    scene.keeper.ready(scene.programs[0]!, false);
    expect(scene.happened()).toEqual(['serving']);
  });

  test('is started again after the delay, until the restarts are used up', () => {
    const { scene, keeper, p1 } = serving('on-failure', { maxRestarts: 1 });
    keeper.ended(p1, KILLED);
    expect(scene.happened()).toEqual(['restart in 100']);
    scene.pass();
    expect(scene.happened()).toEqual(['start p2 to serve', 'name p2', 'commit p2']);
    keeper.ended(scene.programs[1]!, { code: 3 });
    expect(scene.happened()).toEqual(['finish {"code":3}']);
  });

  test('ends the keeper when it is told to stop', () => {
    const { scene, keeper, p1 } = serving('always');
    keeper.stop({ signal: 'SIGTERM' });
    keeper.ended(p1, DONE);
    expect(scene.happened()).toEqual(['finish {"code":0}']);
  });

  test('a signal to stop ends the keeper during the delay before a restart', () => {
    const { scene, keeper, p1 } = serving('always');
    keeper.ended(p1, KILLED);
    keeper.stop({ signal: 'SIGTERM' });
    scene.pass();
    expect(scene.happened()).toEqual(['restart in 100', 'finish {"signal":"SIGTERM"}']);
  });
});

describe('a reload', () => {
  test('drains the old program when the new one is ready, and commits when the old one is gone', () => {
    const { scene, keeper, p1 } = serving('no');
    keeper.reload();
    expect(scene.happened()).toEqual(['start p2 to reload after p1', 'reloading']);
    const p2 = scene.programs[1]!;
    keeper.ready(p2, true);
    expect(scene.happened()).toEqual(['terminate p1', 'draining']);
    keeper.ended(p1, DONE);
    expect(scene.happened()).toEqual(['name p2', 'commit p2', 'serving']);
  });

  test.each(['exited', 'timed-out', 'not-adopted'] as const)('keeps the old program if the new one %s', (reason) => {
    const { scene, keeper, p2 } = reloading('no');
    keeper.fail(p2, reason);
    expect(scene.happened()).toEqual(['terminate p2']);
    keeper.ready(p2, true);
    keeper.reload();
    expect(scene.happened()).toEqual(['refuse']);
    keeper.ended(p2, KILLED);
    expect(scene.happened()).toEqual([`kept because p2 ${reason}`]);
    keeper.reload();
    expect(scene.happened()).toEqual(['start p3 to reload after p1', 'reloading']);
  });

  test('keeps the old program if the new one ends', () => {
    const { scene, keeper, p2 } = reloading('no');
    keeper.ended(p2, { code: 1 });
    expect(scene.happened()).toEqual(['kept because p2 exited']);
  });

  test('lets the new program serve at once if the old one dies', () => {
    const { scene, keeper, p1, p2 } = reloading('no');
    keeper.ended(p1, KILLED);
    expect(scene.happened()).toEqual(['name p2', 'commit p2']);
    keeper.ready(p2, true);
    expect(scene.happened()).toEqual(['serving']);
  });

  test('counts the new program as ready after its time if the old one has died', () => {
    const { scene, keeper, p1, p2 } = reloading('no');
    keeper.ended(p1, KILLED);
    keeper.fail(p2, 'timed-out');
    expect(scene.happened()).toEqual(['name p2', 'commit p2', 'serving']);
  });

  test('starts the program again at once if the new one dies while the old one drains', () => {
    const { scene, keeper, p1, p2 } = reloading('no');
    keeper.ready(p2, true);
    keeper.ended(p2, KILLED);
    keeper.ended(p1, DONE);
    expect(scene.happened()).toEqual(['terminate p1', 'draining', 'kept because p2 exited', 'restart in 0']);
  });

  test('starts nothing while a program that is too late is still running', () => {
    const { scene, keeper, p1, p2 } = reloading('always');
    keeper.fail(p2, 'timed-out');
    keeper.ended(p1, KILLED);
    expect(scene.happened()).toEqual(['terminate p2', 'kill p2']);
    keeper.ended(p2, KILLED);
    expect(scene.happened()).toEqual(['kept because p2 timed-out', 'restart in 100']);
  });

  test('ends the delay before a restart', () => {
    const { scene, keeper, p1 } = serving('always');
    keeper.ended(p1, KILLED);
    keeper.reload();
    expect(scene.happened()).toEqual(['restart in 100', 'start p2 to serve', 'name p2', 'commit p2']);
    scene.pass();
    expect(scene.happened()).toEqual([]);
  });

  test('a signal to stop ends the new program too', () => {
    const { scene, keeper, p1, p2 } = reloading('always');
    keeper.stop({ signal: 'SIGTERM' });
    expect(scene.happened()).toEqual(['terminate p2']);
    keeper.ended(p1, DONE);
    expect(scene.happened()).toEqual([]);
    keeper.ended(p2, DONE);
    expect(scene.happened()).toEqual(['finish {"code":0}']);
  });
});

describe('a standby', () => {
  function withStandby(mode: RestartMode = 'on-failure') {
    const scene = new Scene(mode, { standby: true });
    const { keeper } = scene;
    keeper.ready(scene.programs[0]!, true);
    const [p1, p2] = scene.programs as [FakeProgram, FakeProgram];
    expect(scene.happened().slice(-1)).toEqual(['start p2 to standby after p1']);
    return { scene, keeper, p1, p2 };
  }

  test('takes over without a delay, and is replaced by a new standby', () => {
    const { scene, keeper, p1, p2 } = withStandby();
    keeper.ready(p2, true);
    expect(scene.happened()).toEqual([]);
    keeper.ended(p1, KILLED);
    expect(scene.happened()).toEqual(['name p2', 'commit p2', 'serving', 'start p3 to standby after p2']);
  });

  test('ends with the program if the program has not failed', () => {
    const { scene, keeper, p1, p2 } = withStandby();
    keeper.ended(p1, DONE);
    expect(scene.happened()).toEqual(['terminate p2']);
    keeper.ended(p2, KILLED);
    expect(scene.happened()).toEqual(['finish {"code":0}']);
  });

  test('is gone before a reload starts another program', () => {
    const { scene, keeper, p2 } = withStandby();
    keeper.ready(p2, true);
    keeper.reload();
    expect(scene.happened()).toEqual(['terminate p2']);
    keeper.ended(p2, DONE);
    expect(scene.happened()).toEqual(['start p3 to reload after p1', 'reloading']);
  });

  test('is ended, and not started again, if it serves instead of waiting', () => {
    const { scene, keeper, p2 } = withStandby();
    keeper.ready(p2, false);
    keeper.ended(p2, KILLED);
    expect(scene.happened()).toEqual(['terminate p2', 'no standby']);
  });

  test('is started again after a delay if it ends by itself', () => {
    const { scene, keeper, p2 } = withStandby();
    keeper.ended(p2, { code: 1 });
    scene.pass();
    expect(scene.happened()).toEqual(['restart in 100', 'start p3 to standby after p1']);
  });
});
