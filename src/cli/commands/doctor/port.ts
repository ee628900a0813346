// Checks whether the port is free, used by the gateway, or used by another program.
import { type GatewayProbe, type PortProbe, probeGateway, probePort } from '../../../index.js';
import { bindLimit, DENIED_PORT_ADVICE, listListenersCommand, stopCommand, systemdHint } from '../../../internal.js';
import { error, info, ok, type Report, type Subject, warning } from './finding.js';

/** How long a starting gateway may hold its lock before it listens, in milliseconds. */
const STARTING_MS = 60_000;

export async function checkPort({ options }: Subject): Promise<Report[]> {
  const gateway = await probeGateway(options);
  if (gateway.port === 0) return [info('port 0: the system chooses a free port')];
  const limit = bindLimit(gateway.host);
  return [await judge(gateway), ...(limit === null ? [] : [info(limit)])];
}

async function judge(gateway: GatewayProbe): Promise<Report> {
  if (gateway.state === 'running') return judgeRunning(gateway);
  if (gateway.state === 'starting') return judgeStarting(gateway);
  if (gateway.state === 'foreign') return foreign(gateway);
  return judgeUnused(await probePort({ host: gateway.host, port: gateway.port }));
}

function judgeRunning({ owner, health, host, port, ownerAlive }: GatewayProbe): Report {
  const who = owner === null || ownerAlive === false ? 'a gateway' : `the gateway (pid ${owner.pid})`;
  if (health?.healthy) return ok(`${who} listens on ${host}:${port} and is healthy`);
  const advice = ownerAlive
    ? `Check the log of the gateway, or stop the gateway: ${stopCommand(owner!.pid)}`
    : 'Check the log of the gateway';
  return error(`${who} listens on ${host}:${port} but is not healthy: ${health?.reason ?? 'no answer'}`, advice);
}

function judgeStarting(gateway: GatewayProbe): Report {
  const { owner, host, port } = gateway;
  if (gateway.health !== null) return foreign(gateway);
  const who = owner === null ? 'an unknown process' : `pid ${owner.pid}`;
  const waitedMs = Date.now() - Date.parse(owner?.createdAt ?? '');
  const message = `${who} holds ${gateway.lockPath}, and no process listens on ${host}:${port}`;
  if (!(waitedMs > STARTING_MS)) return info(`${message}: that process is starting, or uses no port`);
  const stop = gateway.ownerAlive ? `, or stop the process: ${stopCommand(owner!.pid)}` : '';
  return warning(message, `If that process should listen, check its log${stop}`);
}

function foreign({ host, port, listenerPid, health }: GatewayProbe): Report {
  const systemd = systemdHint({ host, port }, listenerPid);
  if (systemd !== null) return warning(`${host}:${port} is in use, and no gateway is running`, systemd);
  const program = health?.healthy ? 'a gateway' : 'a program';
  const name = listenerPid === null ? program : `${program} (pid ${listenerPid})`;
  const advice =
    listenerPid === null
      ? `Find the program: ${listListenersCommand(port)}. Stop the program, or choose another port with --port.`
      : `Stop the program: ${stopCommand(listenerPid)}. Or choose another port with --port.`;
  return error(`${name} that does not hold this lock listens on ${host}:${port}`, advice);
}

function judgeUnused({ state, host, port, pid, cause }: PortProbe): Report {
  const endpoint = `${host}:${port}`;
  const reason = (cause as Error | null)?.message ?? 'unknown';
  if (state === 'free') return ok(`${endpoint} is free`);
  if (state === 'denied' || isDenied(cause))
    return error(`${endpoint} cannot be bound: ${reason}`, deniedAdvice(cause));
  const message = `${endpoint} is in use, but no process is listening: ${reason}`;
  const advice =
    pid === null
      ? `Find the process that uses the port: ${listListenersCommand(port)}. Or choose another port with --port.`
      : `A connection of pid ${pid} uses the port. Stop that process: ${stopCommand(pid)}. Or choose another port with --port.`;
  return error(message, advice);
}

function deniedAdvice(cause: unknown): string {
  return isDenied(cause) ? DENIED_PORT_ADVICE : 'Choose an address of this host with --host';
}

function isDenied(cause: unknown): boolean {
  return (cause as NodeJS.ErrnoException | null)?.code === 'EACCES';
}
