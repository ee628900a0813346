// Exclusion between addresses: tests each pair of an exclusive bind and a second bind of one port.
import { expect, onTestFinished, test } from 'vitest';
import { addressesOf } from '../../src/endpoint.js';
import { bindExclusive } from '../../src/index.js';
import { failureOf, serverOn, TAKEN } from '../support/listeners.js';
import { whyNoAddress } from '../support/loopbacks.js';

const HOSTS = ['127.0.0.1', '127.0.0.2', '::1', '0.0.0.0', '::', 'localhost'].filter(
  (host) => whyNoAddress(host) === null,
);

const SECOND: Readonly<Record<string, (host: string, port: number) => Promise<string>>> = {
  bindExclusive: async (host, port) => failureOf({ host, port })?.code ?? 'bound',
  'node listen': async (host, port) => {
    const outcomes = await Promise.all(addressesOf(host).map((address) => listenPlainly(address, port)));
    return outcomes.find((outcome) => outcome !== 'bound') ?? 'bound';
  },
};

test.each(Object.keys(SECOND))(
  'an exclusive bind refuses a second %s on each address that overlaps, and on no other address',
  async (how) => {
    const measured = await matrix(SECOND[how]!);
    console.log(`second ${how} (row: holder)`);
    console.table(measured);
    for (const { cell, outcome, expected } of cells(measured, how)) expect(expected, cell).toContain(outcome);
    expect(Object.values(measured).flatMap(Object.values)).toEqual(expect.arrayContaining(['EADDRINUSE', 'bound']));
  },
);

function cells(measured: Matrix, how: string) {
  return HOSTS.flatMap((holder) =>
    HOSTS.map((second) => ({
      cell: `${holder} held, then ${how} on ${second}`,
      outcome: measured[holder]![second]!,
      expected: promised(holder, second, how),
    })),
  );
}

type Matrix = Record<string, Record<string, string>>;

async function matrix(second: (host: string, port: number) => Promise<string>): Promise<Matrix> {
  const rows: Matrix = {};
  for (const holder of HOSTS) {
    const listener = bindExclusive({ host: holder, port: 0 });
    onTestFinished(() => listener.close());
    rows[holder] = {};
    for (const host of HOSTS) rows[holder][host] = await second(host, listener.address.port);
  }
  return rows;
}

function promised(holder: string, second: string, how: string): readonly string[] {
  if (!shareAnAddress(holder, second)) return ['bound'];
  if (how === 'bindExclusive') return ['EADDRINUSE'];
  return mayBindBeside(holder, second) ? [...TAKEN, 'bound'] : TAKEN;
}

/**
 * Windows allows a plain bind of a wildcard beside an exclusive socket on one address; the wildcard
 * does not receive the connections to that address (MS Learn, "Using SO_REUSEADDR and
 * SO_EXCLUSIVEADDRUSE"). Wine refuses such a bind. macOS checks only the options of the second
 * socket, and refuses a Node server only on exactly the same address (native/os/listener.h).
 */
function mayBindBeside(holder: string, second: string): boolean {
  if (process.platform === 'darwin') return holder !== second && !addressesOf(holder).includes(second);
  return process.platform === 'win32' && isWildcard(second) && !isWildcard(holder);
}

function isWildcard(host: string): boolean {
  return host === '::' || host === '0.0.0.0';
}

function shareAnAddress(one: string, other: string): boolean {
  return addressesOf(one).some((a) => addressesOf(other).some((b) => a === b || covers(a, b) || covers(b, a)));
}

/**
 * Returns true if a socket on the wildcard accepts connections to the address. `::` accepts IPv4,
 * too.
 */
function covers(wildcard: string, address: string): boolean {
  return wildcard === '::' || (wildcard === '0.0.0.0' && !address.includes(':'));
}

async function listenPlainly(host: string, port: number): Promise<string> {
  try {
    const { server } = await serverOn({ host, port });
    await new Promise((resolve) => server.close(resolve));
    return 'bound';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code!;
  }
}
