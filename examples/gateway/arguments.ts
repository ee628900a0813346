// The example's command line.
import { parseArgs } from 'node:util';
import type { GatewayLockOptions } from 'gateway-lock';

const USAGE = `Usage: npm start -- [--port N] [--host ADDRESS] [--profile NAME] [--state-dir DIR] [--config FILE]

  npm start                                      a gateway on ws://127.0.0.1:18789 with its state in ~/.gateway
  npm start -- --profile rescue --port 18809     a second gateway with its state in ~/.gateway-rescue
`;

/** EX_USAGE of sysexits.h: the command line is wrong. */
const EXIT_USAGE = 64;

/** Parses the command line. Prints the usage and returns null for `--help`. */
export function readArguments(args: string[]): GatewayLockOptions | null {
  const { port, host, profile, help, config, 'state-dir': stateDir } = parse(args);
  if (help) {
    console.log(USAGE);
    return null;
  }
  return {
    ...(port === undefined ? {} : { port: readPort(port) }),
    ...(host === undefined ? {} : { host }),
    ...(profile === undefined ? {} : { profile }),
    ...(stateDir === undefined ? {} : { stateDir }),
    ...(config === undefined ? {} : { configPath: config }),
  };
}

function parse(args: string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args,
      options: {
        port: text,
        host: text,
        profile: text,
        'state-dir': text,
        config: text,
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    return failUsage((error as Error).message);
  }
}

function readPort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  return port <= 65535 ? port : failUsage(`--port must be a number from 0 to 65535, not '${text}'`);
}

function failUsage(message: string): never {
  console.error(`${message}\n\n${USAGE}`);
  process.exit(EXIT_USAGE);
}
