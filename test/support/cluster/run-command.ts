// `gateway-lock run --cluster` with test/fixtures/cluster/program.mjs, as a process.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { freshDirectory } from '../places.js';
import { ROOT } from './sabotage.js';

export const CLI = join(ROOT, 'dist/cli/main.js');
const PROGRAM = [process.execPath, join(ROOT, 'test/fixtures/cluster/program.mjs')];
const ADDON = join(ROOT, 'build/Release/gateway_lock.node');

export interface RunOptions {
  /** Those of proxies in front of the servers. */
  readonly ports?: readonly number[];
  readonly path?: string;
  /** The options of the program. */
  readonly program?: readonly ('ignore' | 'child')[];
  /** A command that becomes `gateway-lock`, with its last arguments. */
  readonly inside?: readonly string[];
}

export interface Run {
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  /** What the program and its child have written, by word. */
  lines(): string[][];
  /** The processes that have written. */
  pids(): number[];
}

/** Starts the command on a host of its own: its state directory is fresh. */
export function startRun(url: string, name: string, { path, program = [], inside = [] }: RunOptions): Run {
  const directory = freshDirectory();
  const file = join(directory, 'log');
  const flags = ['--state-dir', join(directory, 'state'), '--cluster', url, '--cluster-name', name];
  const words = [...PROGRAM, file, ADDON, ...program];
  const env = { ...process.env, ...(path === undefined ? {} : { PATH: path }) };
  const line = [process.execPath, CLI, 'run', ...flags, '--ttl', '5000', '--wait', '60000', '--', ...words];
  const [command, ...args] = [...inside, ...line];
  const child = spawn(command!, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines = () => (existsSync(file) ? wordsOf(readFileSync(file, 'utf8')) : []);
  const pids = () => [...new Set(lines().map(([, , , pid]) => Number(pid)))];
  // A descendant that the test found alive after its time must not outlive the test.
  onTestFinished(() => pids().filter(isAlive).forEach(kill));
  return { child, lines, pids, exited: once(child, 'exit').then(([code]) => code) };
}

function wordsOf(text: string): string[][] {
  return text
    .trim()
    .split('\n')
    .map((line) => line.split(' '));
}

/** A zombie is not alive. */
export function isAlive(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return stdout.replace(/Z.*/, '').trim() !== '';
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}
