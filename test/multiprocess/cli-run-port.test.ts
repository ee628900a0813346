import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { probePort } from '../../src/index.js';
import { need, whyNoInheritance, whyNoPython } from '../support/capabilities.js';
import { gatewayLock, printedPid, type Running, start } from '../support/command.js';
import { freshDirectory } from '../support/directories.js';
import { freePort } from '../support/free-port.js';
import { until } from '../support/until.js';

beforeEach((ctx) => need(ctx, whyNoInheritance));

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));

const SERVERS = [
  ['Python', ['python3', fixture('adopting-server.py')], whyNoPython],
  ['Node', [process.execPath, fixture('adopting-server.mjs')], null],
] as const;

async function ask(port: number, host = '127.0.0.1'): Promise<string> {
  const response = await fetch(`http://${host}:${port}/`, { headers: { connection: 'close' } });
  return response.text();
}

/** Opens a connection and returns a function that sends one request after another over it. */
async function keptAlive(port: number): Promise<{ socket: Socket; ask(): Promise<string> }> {
  const socket = connect(port, '127.0.0.1').setEncoding('utf8');
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  const asking = async () => {
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    await until(() => /pid \d+/.test(answer), 'the answer');
    socket.removeAllListeners('data');
    return answer;
  };
  return { socket, ask: asking };
}

async function startServing(
  words: readonly string[],
  home: string,
  port: number,
): Promise<{ run: Running; pid: number }> {
  const run = start(['run', '--port', String(port), '--', ...words], { home });
  return { run, pid: await printedPid(run) };
}

describe.each(SERVERS)('a %s server that adopts the socket', (_, words, missing) => {
  test('answers a client that connected before the server was ready', async (ctx) => {
    if (missing !== null) return ctx.skip(missing);
    const port = await freePort();
    const { pid } = await startServing([...words, '1'], freshDirectory(), port);
    expect(await ask(port)).toBe(`pid ${pid}`);
  });

  test('serves old and new connections after kill -9 of the wrapper', async (ctx) => {
    if (missing !== null) return ctx.skip(missing);
    const home = freshDirectory();
    const port = await freePort();
    const { run, pid } = await startServing(words, home, port);
    const connection = await keptAlive(port);
    expect(await connection.ask()).toContain(`pid ${pid}`);
    const during = ask(port);
    run.child.kill('SIGKILL');
    expect(await during).toBe(`pid ${pid}`);
    await until(() => run.child.signalCode === 'SIGKILL', 'the end of the wrapper');
    expect(await connection.ask()).toContain(`pid ${pid}`);
    expect(await ask(port)).toBe(`pid ${pid}`);
    const second = await gatewayLock(['run', '--no-wait', '--port', String(port), '--', 'echo', 'never'], { home });
    expect([second.code, second.out]).toEqual([75, '']);
    expect(second.err).toContain(`another gateway instance is already listening on ws://127.0.0.1:${port}. pid ${pid}`);
    process.kill(pid, 'SIGKILL');
    const next = await startServing(words, home, port);
    expect(await ask(port)).toBe(`pid ${next.pid}`);
  });

  test('frees the port when it ends', async (ctx) => {
    if (missing !== null) return ctx.skip(missing);
    const port = await freePort();
    const { run, pid } = await startServing(words, freshDirectory(), port);
    expect(await ask(port)).toBe(`pid ${pid}`);
    run.child.kill('SIGTERM');
    await run.ended;
    expect(await probePort({ port })).toMatchObject({ state: 'free' });
  });

  test('has the pid of the wrapper with --exec', async (ctx) => {
    if (missing !== null) return ctx.skip(missing);
    const port = await freePort();
    const run = start(['run', '--exec', '--port', String(port), '--', ...words]);
    expect(await printedPid(run)).toBe(run.pid);
    expect(await ask(port)).toBe(`pid ${run.pid}`);
    run.child.kill('SIGKILL');
    expect(await run.ended).toMatchObject({ code: null, signal: 'SIGKILL' });
    expect(await probePort({ port })).toMatchObject({ state: 'free' });
  });
});

test('clients wait while the program has no socket, and are disconnected when the program ends', async () => {
  const port = await freePort();
  const program =
    "require('net').createServer().listen({ fd: 3 }, function () { this.close(() => console.log(process.pid)) }); setTimeout(() => {}, 60000)";
  const run = start(['run', '--port', String(port), '--', process.execPath, '-e', program]);
  await printedPid(run);
  const client = connect(port, '127.0.0.1');
  await once(client, 'connect');
  const closed = new Promise((resolve) => client.on('error', () => {}).once('close', resolve));
  run.child.kill('SIGTERM');
  await closed;
  await run.ended;
  expect(await probePort({ port })).toMatchObject({ state: 'free' });
});

test('run passes the variables and descriptors of socket activation to its program', async () => {
  const port = await freePort();
  const program = 'echo $$ $LISTEN_PID $LISTEN_FDS $LISTEN_FDNAMES; readlink /proc/$$/fd/3 /proc/$$/fd/4 /proc/$$/fd/5';
  const { out } = await gatewayLock(['run', '--port', String(port), '--', 'sh', '-c', program]);
  const [variables, ...descriptors] = out.trim().split('\n');
  expect(variables).toMatch(/^(\d+) \1 1 gateway$/);
  expect(descriptors).toEqual([
    expect.stringMatching(/^socket:/),
    expect.stringMatching(/gateway\.state\.lock$/),
    expect.stringMatching(/gateway\.[0-9a-f]{8}\.lock$/),
  ]);
});

test('run --host localhost hands over a socket for each of the two loopback addresses', async () => {
  const port = await freePort();
  const program = 'echo $LISTEN_FDS $LISTEN_FDNAMES';
  const words = ['run', '--port', String(port), '--host', 'localhost', '--', 'sh', '-c', program];
  const hasIpv6 = (await probePort({ host: '::1', port })).state === 'free';
  const { out } = await gatewayLock(words);
  expect(out).toBe(hasIpv6 ? '2 gateway:gateway\n' : '1 gateway\n');
});

describe('run --no-handover', () => {
  test('lets python3 -m http.server bind the port itself', async (ctx) => {
    if (whyNoPython !== null) return ctx.skip(whyNoPython);
    const home = freshDirectory();
    const port = await freePort();
    const words = ['python3', '-m', 'http.server', '--bind', '127.0.0.1', '--directory', home, String(port)];
    start(['run', '--port', String(port), '--no-handover', '--', ...words], { home });
    // Until the server listens, connections are refused.
    await until(async () => (await ask(port).catch(String)).includes('Directory listing'), 'the server');
    const second = await gatewayLock(['run', '--no-wait', '--port', String(port), '--', 'true'], { home });
    expect(second).toMatchObject({ code: 75 });
  });

  test('hands over the locks and no socket', async () => {
    const port = await freePort();
    const words = ['run', '--port', String(port), '--no-handover', '--', 'sh', '-c', 'env; readlink /proc/$$/fd/3'];
    const { out } = await gatewayLock(words);
    expect(out).not.toMatch(/^LISTEN_/m);
    expect(out).toMatch(/gateway\.state\.lock\n$/);
  });
});

test('run exits with 75 and names the process if another program listens on the port', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const { code, err } = await gatewayLock(['run', '--no-wait', '--port', String(port), '--', 'true']);
  expect(code).toBe(75);
  expect(err).toContain(`pid ${process.pid} listens on that port. Stop it (kill ${process.pid})`);
});

test('run exits with 1 if the address does not belong to this host', async () => {
  const words = ['run', '--no-wait', '--port', '18790', '--host', '192.0.2.1', '--', 'true'];
  const { code, err } = await gatewayLock(words);
  expect([code, err]).toEqual([1, expect.stringContaining('failed to bind gateway socket on ws://192.0.2.1:18790')]);
});
