// Starts `gateway-lock run --cluster` with the program test/fixtures/cluster/program.mjs.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { freshDirectory } from '../directories.js';
import { ROOT } from './planted-faults.js';

export const CLI = join(ROOT, 'dist/cli/main.js');
const PROGRAM = [process.execPath, join(ROOT, 'test/fixtures/cluster/program.mjs')];
const ADDON = join(ROOT, 'build/Release/gateway_lock.node');

/** Options of {@link startRun}. */
export interface RunOptions {
  /** The ports of proxies in front of the servers. */
  readonly ports?: readonly number[];
  /** The variable PATH of the command. */
  readonly path?: string;
  /** The arguments of the program. */
  readonly program?: readonly ('ignore' | 'child')[];
  /** A command that runs `gateway-lock`, whose command line is appended to it. */
  readonly inside?: readonly string[];
}

/** A running command. */
export interface Run {
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  /** Returns the lines written by the program and its child, split into words. */
  lines(): string[][];
  /** Returns the pids of the processes that wrote the lines. */
  pids(): number[];
}

/**
 * Starts the command, which is killed after the test. A fresh state directory simulates another
 * host.
 */
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
  // Kills descendants that are still alive, for example after a failed test.
  onTestFinished(() => pids().filter(isAlive).forEach(kill));
  return { child, lines, pids, exited: once(child, 'exit').then(([code]) => code) };
}

function wordsOf(text: string): string[][] {
  return text
    .trim()
    .split('\n')
    .map((line) => line.split(' '));
}

/** Returns true if the process exists and is not a zombie. */
export function isAlive(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return stdout.replace(/Z.*/, '').trim() !== '';
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // The process has already ended.
  }
}
