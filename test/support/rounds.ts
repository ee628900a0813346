// How often the tests of restarts repeat what they do.

/** Set by the option `--restarts` of scripts/test.mjs. */
const restarts = process.env['GATEWAY_LOCK_RESTARTS'];

/** Upgrades or reloads in one test under load. */
export const RESTARTS = Number(restarts ?? 50);
/** Kills or suspensions of one side at one step: 200 if there are 1000 restarts. */
export const KILLS = Math.max(20, Math.ceil(Number(restarts ?? 0) / 5));
