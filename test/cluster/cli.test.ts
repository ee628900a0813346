// Tests gateway-lock run, status and doctor with --cluster on a real cluster.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { clusterEngine, probeClusterLock } from '../../src/cluster/index.js';
import { need, whyNoInheritance } from '../support/capabilities.js';
import { DroppingProxy } from '../support/cluster/dropping-proxy.js';
import { ENGINES, type RunningEngine } from '../support/cluster/engines.js';
import { CLI, type RunOptions, startRun } from '../support/cluster/run-command.js';
import { start as startCommand } from '../support/command.js';
import { CONTAINER, LEAVE_ORPHANS, whyNoContainer } from '../support/container.js';
import { freshDirectory } from '../support/directories.js';
import { until } from '../support/until.js';

const [{ missing: whyNoEtcd, start }] = ENGINES as [(typeof ENGINES)[number]];
const missing = whyNoEtcd ?? whyNoInheritance;
let servers: RunningEngine;
let names = 0;

beforeAll(async () => {
  if (missing === null) servers = await start();
});
afterAll(() => servers?.stop());

const urlOf = (ports = servers.ports) => `etcd://${servers.urlAt(ports)}`;
const freshName = () => `cli-${++names}`;

const run = (name: string, options: RunOptions = {}) => startRun(urlOf(options.ports), name, options);

test('run --cluster passes the fencing token to the program, and another host waits until the program ends', async (ctx) => {
  need(ctx, missing);
  const name = freshName();
  const first = run(name);
  await until(() => first.lines().length > 1, 'the first host runs its program');
  const second = run(name);
  const probe = await probeClusterLock(name, { engine: clusterEngine(urlOf(), {}) });
  expect(probe).toMatchObject({ state: 'held', token: BigInt(first.lines()[0]![1]!) });
  first.child.kill('SIGTERM');
  expect(await first.exited).toBe(0);
  await until(() => second.lines().length > 1, 'the second host runs its program');
  expect(BigInt(second.lines()[0]![1]!)).toBeGreaterThan(BigInt(first.lines()[0]![1]!));
  expect(Number(second.lines()[0]![2])).toBeGreaterThan(Number(first.lines().at(-1)![2]));
});

test('run --cluster stops its program during a partition before the next host starts its program', async (ctx) => {
  need(ctx, missing);
  const name = freshName();
  const proxies = await Promise.all(servers.ports.map((port) => DroppingProxy.to(port)));
  onTestFinished(() => {
    for (const proxy of proxies) proxy.close();
  });
  const first = run(name, { ports: proxies.map(({ port }) => port), program: ['ignore'] });
  let stderr = '';
  first.child.stderr!.on('data', (chunk) => (stderr += chunk));
  await until(() => first.lines().length > 1, 'the first host runs its program');
  const second = run(name);
  for (const proxy of proxies) proxy.drop();
  expect(await first.exited).toBe(75);
  await until(() => second.lines().length > 1, 'the second host runs its program', 60_000);
  const lines = first.lines();
  expect(lines.some(([event]) => event === 'SIGTERM')).toBe(true);
  expect(stderr).toMatch(/the cluster lock ends in \d+ ms; stopping the program/);
  expect(stderr).toMatch(/cluster lock '.*' expired/);
  expect(Number(second.lines()[0]![2])).toBeGreaterThan(Number(lines.at(-1)![2]));
});

test('run --cluster reaps orphans of the program as PID 1 of a container', async (ctx) => {
  need(ctx, missing ?? whyNoContainer);
  const flags = ['run', '--state-dir', freshDirectory(), '--cluster', urlOf(), '--cluster-name', freshName()];
  const { out } = await startCommand([...flags, '--', 'sh', '-c', LEAVE_ORPHANS], {
    program: [...CONTAINER, process.execPath, CLI],
    cwd: freshDirectory(),
  }).ended;
  expect(out).toMatch(/^\d+ done\n$/);
});

test('run --cluster refuses flags with which the program or its socket would outlive the lock', (ctx) => {
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
  expect(refuse('--stop-grace', '9000')).toContain('at most 7500 ms, which is half of --ttl');
  expect(refuse('--cluster', 'etcd://root:secret@a')).not.toContain('secret');
});

test('status reports the holder of the cluster lock, and doctor reports the checks of the cluster', async (ctx) => {
  need(ctx, missing);
  const name = freshName();
  const lock = await clusterEngine(urlOf(), {}).acquire(name);
  onTestFinished(() => lock.release());
  const state = ['--state-dir', freshDirectory()];
  const run = async (...args: string[]) => {
    const child = spawn(process.execPath, [CLI, ...args, ...state, '--cluster-name', name], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout!.on('data', (chunk) => (text += chunk));
    const [code] = await once(child, 'close');
    return { code, text };
  };
  const json = await run('status', '--json', '--ttl', '5000', '--cluster', urlOf());
  expect(JSON.parse(json.text).cluster).toMatchObject({
    name,
    state: 'held',
    token: String(lock.token),
    owner: { pid: process.pid },
  });
  const { facts } = JSON.parse(json.text).cluster;
  expect(facts.map(({ subject }: { subject: string }) => subject)).toEqual(
    expect.arrayContaining([`http://127.0.0.1:${servers.ports[0]}`, 'quorum', 'rights', 'round trip']),
  );
  expect(facts).toContainEqual({
    level: expect.any(String),
    subject: 'round trip',
    message: expect.stringMatching(/limit 1000 ms/),
  });
  const text = await run('status', '--cluster', urlOf());
  expect(text).toMatchObject({
    code: 0,
    text: expect.stringMatching(`cluster lock ${name} on etcd at .*: held by pid ${process.pid} on host`),
  });
  expect(text.text).toMatch(/^cluster checks: .*quorum: the members agree on a leader; rights: keys below /m);
  const unreachable = await run('status', '--cluster', 'etcd://127.0.0.1:1');
  expect(unreachable).toMatchObject({ code: 0, text: expect.stringContaining('unreachable:') });
  expect(unreachable.text).toMatch(/^cluster needs attention: .*quorum: no member has a leader/m);
  expect(unreachable.text.match(/may be held or free/g)).toHaveLength(1);

  const doctor = await run('doctor', '--json', '--cluster', urlOf());
  const { findings } = JSON.parse(doctor.text);
  const cluster = findings.filter(({ check }: { check: string }) => check === 'cluster');
  expect(cluster.map(({ message }: { message: string }) => message.split(':')[0])).toEqual(
    expect.arrayContaining(['quorum', 'rights', 'round trip']),
  );
  expect(
    cluster.map(({ level, message }: { level: string; message: string }) => [level, message.split(':')[0]]),
  ).toEqual(facts.map(({ level, subject }: { level: string; subject: string }) => [level, subject.split(':')[0]]));
  const failed = await run('doctor', '--json', '--cluster', 'etcd://127.0.0.1:1');
  expect(failed.code).toBe(1);
  expect(JSON.parse(failed.text).findings).toContainEqual(
    expect.objectContaining({ check: 'cluster', level: 'error' }),
  );
});
