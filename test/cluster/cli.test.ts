// gateway-lock run, status and doctor with --cluster, on a real cluster.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { clusterEngine, probeClusterLock } from '../../src/cluster/index.js';
import { need, whyNoInheritance } from '../support/capabilities.js';
import { DroppingProxy } from '../support/cluster/dropping-proxy.js';
import { ENGINES, type RunningEngine } from '../support/cluster/engines.js';
import { ROOT } from '../support/cluster/sabotage.js';
import { freshDirectory, until } from '../support/places.js';

const [{ missing: whyNoEtcd, start }] = ENGINES as [(typeof ENGINES)[number]];
const missing = whyNoEtcd ?? whyNoInheritance;
const CLI = join(ROOT, 'dist/cli/main.js');
const PROGRAM = [process.execPath, join(ROOT, 'test/fixtures/cluster/program.mjs')];
const ADDON = join(ROOT, 'build/Release/gateway_lock.node');
let servers: RunningEngine;
let names = 0;

beforeAll(async () => {
  if (missing === null) servers = await start();
});
afterAll(() => servers?.stop());

const urlOf = (ports = servers.ports) => `etcd://${servers.urlAt(ports)}`;
const freshName = () => `cli-${++names}`;

interface Run {
  readonly child: ChildProcess;
  readonly file: string;
  readonly exited: Promise<number | null>;
  readonly lines: () => string[][];
}

/** A host of its own: its state directory is fresh. */
function run(name: string, options: { ports?: readonly number[]; path?: string; ignore?: boolean } = {}): Run {
  const directory = freshDirectory();
  const file = join(directory, 'log');
  const flags = ['--state-dir', join(directory, 'state'), '--cluster', urlOf(options.ports), '--cluster-name', name];
  const words = [...PROGRAM, file, ADDON, ...(options.ignore ? ['ignore'] : [])];
  const env = { ...process.env, ...(options.path === undefined ? {} : { PATH: options.path }) };
  const args = [CLI, 'run', ...flags, '--ttl', '5000', '--wait', '60000', '--', ...words];
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines = () =>
    existsSync(file)
      ? readFileSync(file, 'utf8')
          .trim()
          .split('\n')
          .map((line) => line.split(' '))
      : [];
  return { child, file, lines, exited: once(child, 'exit').then(([code]) => code) };
}

const isAlive = (pid: number) =>
  spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' })
    .stdout.replace(/Z.*/, '')
    .trim() !== '';

test('the program gets the fencing token, and another host waits for it', async (ctx) => {
  need(ctx, missing);
  const name = freshName();
  const first = run(name);
  await until(() => first.lines().length > 1, 'the first works');
  const second = run(name);
  const probe = await probeClusterLock(name, { engine: clusterEngine(urlOf(), {}) });
  expect(probe).toMatchObject({ state: 'held', token: BigInt(first.lines()[0]![1]!) });
  first.child.kill('SIGTERM');
  expect(await first.exited).toBe(0);
  await until(() => second.lines().length > 1, 'the second works');
  expect(BigInt(second.lines()[0]![1]!)).toBeGreaterThan(BigInt(first.lines()[0]![1]!));
  expect(Number(second.lines()[0]![2])).toBeGreaterThan(Number(first.lines().at(-1)![2]));
});

test('behind a partition the program is stopped before the next host starts its own', async (ctx) => {
  need(ctx, missing);
  const name = freshName();
  const proxies = await Promise.all(servers.ports.map((port) => DroppingProxy.to(port)));
  onTestFinished(() => {
    for (const proxy of proxies) proxy.close();
  });
  const first = run(name, { ports: proxies.map(({ port }) => port), ignore: true });
  let said = '';
  first.child.stderr!.on('data', (chunk) => (said += chunk));
  await until(() => first.lines().length > 1, 'the first works');
  const second = run(name);
  for (const proxy of proxies) proxy.drop();
  expect(await first.exited).toBe(75);
  await until(() => second.lines().length > 1, 'the second works', 60_000);
  const lines = first.lines();
  expect(lines.some(([what]) => what === 'SIGTERM')).toBe(true);
  expect(said).toMatch(/the cluster lock ends in \d+ ms; stopping the program/);
  expect(said).toMatch(/cluster lock '.*' expired/);
  expect(Number(second.lines()[0]![2])).toBeGreaterThan(Number(lines.at(-1)![2]));
});

/** A PATH without setpriv, as on macOS. */
function pathWithoutSetpriv(): string {
  const directory = join(freshDirectory(), 'bin');
  mkdirSync(directory);
  for (const program of ['sh', 'ps']) symlinkSync(`/bin/${program}`, join(directory, program));
  return directory;
}

test.for([
  ['as this system does it', () => process.env['PATH']!],
  ['where there is no setpriv', pathWithoutSetpriv],
] as const)('the program does not outlive gateway-lock, %s', async ([, path], ctx) => {
  need(ctx, missing);
  const killed = run(freshName(), { path: path(), ignore: true });
  await until(() => killed.lines().length > 1, 'it works');
  const pid = Number(killed.lines()[0]![3]);
  expect(isAlive(pid)).toBe(true);
  killed.child.kill('SIGKILL');
  await until(() => !isAlive(pid), 'the program has ended');
});

test('what would outlive the lock is refused', (ctx) => {
  need(ctx, missing);
  const refuse = (...flags: string[]) => {
    const { status, stderr } = spawnSync(
      process.execPath,
      [CLI, 'run', '--cluster', 'etcd://127.0.0.1:1', ...flags, '--', 'true'],
      { encoding: 'utf8' },
    );
    expect(status).toBe(64);
    return stderr;
  };
  expect(refuse('--exec')).toContain('--exec');
  expect(refuse('--port', '18790')).toContain('--no-handover');
  expect(refuse('--stop-grace', '9000')).toContain('at most 7500 ms, half of --ttl');
  expect(refuse('--cluster', 'etcd://root:secret@a')).not.toContain('secret');
});

test('status and doctor show the lock and the cluster', async (ctx) => {
  need(ctx, missing);
  const name = freshName();
  const lock = await clusterEngine(urlOf(), {}).acquire(name);
  onTestFinished(() => lock.release());
  const state = ['--state-dir', freshDirectory()];
  const ask = async (...args: string[]) => {
    const child = spawn(process.execPath, [CLI, ...args, ...state, '--cluster-name', name], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout!.on('data', (chunk) => (text += chunk));
    const [code] = await once(child, 'close');
    return { code, text };
  };
  const json = await ask('status', '--json', '--cluster', urlOf());
  expect(JSON.parse(json.text).cluster).toMatchObject({
    name,
    state: 'held',
    token: String(lock.token),
    owner: { pid: process.pid },
  });
  const text = await ask('status', '--cluster', urlOf());
  expect(text).toMatchObject({
    code: 0,
    text: expect.stringMatching(`cluster lock ${name} on etcd at .*: held by pid ${process.pid} on host`),
  });
  const unreachable = await ask('status', '--cluster', 'etcd://127.0.0.1:1');
  expect(unreachable).toMatchObject({ code: 0, text: expect.stringContaining('unreachable:') });

  const doctor = await ask('doctor', '--json', '--cluster', urlOf());
  const { findings } = JSON.parse(doctor.text);
  const cluster = findings.filter(({ check }: { check: string }) => check === 'cluster');
  expect(cluster.map(({ message }: { message: string }) => message.split(':')[0])).toEqual(
    expect.arrayContaining(['quorum', 'rights', 'round trip']),
  );
  const ill = await ask('doctor', '--json', '--cluster', 'etcd://127.0.0.1:1');
  expect(ill.code).toBe(1);
  expect(JSON.parse(ill.text).findings).toContainEqual(expect.objectContaining({ check: 'cluster', level: 'error' }));
});
