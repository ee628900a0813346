// Whether the gateway on a port is well: not merely that something answers.
import type { ClientRequest } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { checkOptions, checkPort, checkTimeout, invalidType, invalidValue, outOfRange } from '../arguments.js';
import { durationText, MAX_TIMER_MS } from '../clock.js';
import { addressesOf, connectableAddress } from '../endpoint.js';
import { loadHttp, loadHttps } from '../native/builtins.js';

export interface ProbeHealthOptions {
  /** An IP address or `localhost`. A wildcard is asked on loopback. @default '127.0.0.1' */
  readonly host?: string;
  readonly port: number;
  /** @default '/healthz' */
  readonly path?: string;
  /** Milliseconds for the whole answer, body included. @default 1000 */
  readonly timeoutMs?: number;
  /**
   * Asks by https and trusts this certificate alone, whoever signed it: its SHA-256, 32 bytes in hex, with or
   * without colons, as `openssl x509 -fingerprint -sha256` prints it.
   */
  readonly fingerprint256?: string;
}

/** How to ask, whoever is asked. */
export type HealthCheckOptions = Omit<ProbeHealthOptions, 'host' | 'port'>;

export interface HealthProbe {
  readonly healthy: boolean;
  /** Why not; null when healthy. */
  readonly reason: string | null;
  /** The HTTP status, when there was one. */
  readonly status: number | null;
}

/** Longest body that is read, in bytes. */
const BODY_LIMIT = 64 * 1024;

/**
 * Healthy is only 200 with JSON `ok: true` and `status: "live"`, all of it within `timeoutMs`. Any
 * other web server on that port is not: a 404 once counted, and left no gateway running (openclaw#110306).
 * Never rejects for what the server does.
 *
 * @throws {TypeError|RangeError} `ERR_INVALID_ARG_*`, `ERR_OUT_OF_RANGE`
 */
export async function probeHealth(options: ProbeHealthOptions): Promise<HealthProbe> {
  checkOptions(options);
  const port = checkPort('port', options.port);
  if (port === 0) throw outOfRange('port', 'an integer from 1 to 65535', port);
  const address = connectableAddress(addressesOf(options.host ?? '127.0.0.1')[0]!);
  const { path, timeoutMs, fingerprint } = checkHealthQuestion(options);
  try {
    const { status, body } = await get({ address, port, path, fingerprint }, timeoutMs);
    const reason = whyUnhealthy(status, body);
    return { healthy: reason === null, reason, status };
  } catch (error) {
    return { healthy: false, reason: reasonOf(error, timeoutMs), status: null };
  }
}

/** For those who ask later, or perhaps never: a mistake shows at once. */
export function checkHealthQuestion(question: HealthCheckOptions) {
  if (typeof question !== 'object' || question === null) throw invalidType('health', 'an object', question);
  const { path, timeoutMs, fingerprint256 } = question;
  return {
    path: checkUrlPath(path ?? '/healthz'),
    timeoutMs: checkTimeout('timeoutMs', timeoutMs ?? 1000),
    fingerprint: checkFingerprint(fingerprint256),
  };
}

function checkUrlPath(value: unknown): string {
  if (typeof value !== 'string') throw invalidType('path', 'a string', value);
  if (!/^\/[\x21-\x7e]*$/.test(value)) throw invalidValue('path', "a URL path such as '/healthz'", value);
  return value;
}

function checkFingerprint(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string') throw invalidType('fingerprint256', 'a string', value);
  const fingerprint = normalized(value)!;
  if (!/^[0-9a-f]{64}$/.test(fingerprint)) throw invalidValue('fingerprint256', '32 bytes in hex', value);
  return fingerprint;
}

function whyUnhealthy(status: number, body: string): string | null {
  if (status !== 200) return `status ${status} is not 200`;
  try {
    const answer: unknown = JSON.parse(body);
    const { ok, status: word } = Object(answer) as { ok?: unknown; status?: unknown };
    return ok === true && word === 'live' ? null : 'the answer is not {"ok":true,"status":"live"}';
  } catch {
    return 'the answer is not JSON';
  }
}

function reasonOf(error: unknown, timeoutMs: number): string {
  const { name, code, message } = error as NodeJS.ErrnoException;
  return name === 'TimeoutError' ? `no complete answer within ${durationText(timeoutMs)}` : (code ?? message);
}

interface Question {
  readonly address: string;
  readonly port: number;
  readonly path: string;
  readonly fingerprint: string | undefined;
}

function get(question: Question, timeoutMs: number): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = ask(question);
    const timer = setTimeout(
      () => asked.destroy(Object.assign(new Error('timeout'), { name: 'TimeoutError' })),
      Math.min(timeoutMs, MAX_TIMER_MS),
    );
    asked.once('error', reject);
    // After a 101 there is neither a response nor an error, only the end.
    asked.once('upgrade', (_response, socket) => socket.destroy());
    asked.once('close', () => {
      clearTimeout(timer);
      reject(new Error('the server ended the connection without an answer'));
    });
    asked.once('response', (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      response.once('error', reject);
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        length += chunk.length;
        if (length > BODY_LIMIT) asked.destroy(new Error(`the answer is longer than ${BODY_LIMIT} bytes`));
      });
      response.once('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
    });
  });
}

/** agent: false, so that no kept-alive connection of this process answers for a server that is gone. */
function ask({ address, port, path, fingerprint }: Question): ClientRequest {
  const options = { host: address, port, path, agent: false, headers: { connection: 'close' } };
  if (fingerprint === undefined) return loadHttp().request(options).end();
  const asked = loadHttps().request({ ...options, rejectUnauthorized: false });
  asked.once('socket', (socket) => {
    // Before anything is sent to whoever that is.
    socket.once('secureConnect', () => {
      const { fingerprint256 } = (socket as TLSSocket).getPeerCertificate();
      if (normalized(fingerprint256) === fingerprint) asked.end();
      else asked.destroy(new Error(`the certificate is another one: ${fingerprint256 ?? 'none'}`));
    });
  });
  return asked;
}

function normalized(fingerprint: string | undefined): string | undefined {
  return fingerprint?.replaceAll(':', '').toLowerCase();
}
