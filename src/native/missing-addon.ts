// The error for an addon that cannot be loaded. Its message names the cause and the line that
// helps.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { LockError } from '../errors.js';
import { fileExists, isPublished, ownFile } from './addon-files.js';
import { findNoexecMount } from './file-access.js';
import { isRestricted, PERMISSION_MODEL, permissionFlags } from './permission.js';
import { commandText } from './shell-commands.js';

/** The place in which the addon was searched. */
export interface Search {
  /** The folder that contains `prebuilds`. Null if the user has named a file. */
  readonly root: string | null;
  /** The option or environment variable that names the place. Absent for the package itself. */
  readonly named?: { readonly option: string; readonly path: string };
}

const MACHINE = `${process.platform}-${process.arch}`;
const PREBUILDS = 'node_modules/gateway-lock/prebuilds';

/** A file that was tried. `error` is absent if the file does not exist. */
export interface TriedFile {
  readonly file: string;
  readonly error?: Error;
}

export function missingAddonError(search: Search, tried: readonly TriedFile[]): LockError {
  const failed = tried.filter(({ error }) => error !== undefined);
  const cause = failed[0]?.error;
  const text = cause === undefined ? absentText(search, tried) : refusedText(search, cause, failed);
  return new LockError(
    'ERR_NATIVE_MISSING',
    `gateway-lock has no addon that loads on ${MACHINE} (Node ${process.versions.node}). ${text}`,
    { path: search.named?.path ?? search.root, cause },
  );
}

/** Explains why none of the files exists, or why Node does not see them. */
function absentText(search: Search, tried: readonly TriedFile[]): string {
  return `${absenceText(search)} Tried: ${tried.map(({ file }) => file).join(', ')}`;
}

function absenceText(search: Search): string {
  const { root, named } = search;
  if (isRestricted()) return `${PERMISSION_MODEL} may hide the addon. ${restrictedAdvice(search)}`;
  if (named !== undefined) return namedText(named);
  if (!isPublished()) return `There is no published binary for this platform. ${buildAdvice(root)}`;
  return root !== null && isPackage(root) ? incompleteText(root) : bundleText();
}

function bundleText(): string {
  const copy = commandText(['cp', '-r', PREBUILDS, dirname(ownFile())]);
  return (
    `This code is in the bundle '${ownFile()}', and the bundler did not copy the addon. Copy it next to the bundle: ` +
    `${copy}   (or mark gateway-lock as external, or set GATEWAY_LOCK_PREBUILD or the option nativeBinding).`
  );
}

function namedText({ option, path }: { option: string; path: string }): string {
  const wanted = path.endsWith('.node')
    ? 'That file does not exist.'
    : "It must be the addon's file, or a folder that contains prebuilds (such as node_modules/gateway-lock).";
  return `${option} names '${path}'. ${wanted}`;
}

/** Explains why a folder of this package does not contain the addon. */
function incompleteText(root: string): string {
  if (fileExists(join(root, 'CMakeLists.txt'))) return buildAdvice(root);
  return (
    `'${root}' is an incomplete copy of the package: file tracing or a COPY omitted the addon. ` +
    `Copy it too: ${commandText(['cp', '-r', PREBUILDS, root])}`
  );
}

/** Explains why the files that exist cannot be loaded. */
function refusedText(search: Search, cause: NodeJS.ErrnoException, failed: readonly TriedFile[]): string {
  const disabled = cause.code === 'ERR_DLOPEN_DISABLED';
  if (disabled && isRestricted()) return `${PERMISSION_MODEL} forbids addons. ${restrictedAdvice(search)}`;
  if (disabled)
    return 'Node was started with --no-addons. Remove that flag from the command line and from NODE_OPTIONS.';
  const mount = findNoexecMount(failed[0]!.file);
  if (mount !== null) return noexecText(mount);
  const reasons = failed.map(({ file, error }) => reasonText(file, error!.message)).join('; ');
  return `The system refuses to load it: ${reasons}. ${isBlockable(cause) ? BLOCKED_TEXT : buildAdvice(search.root)}`;
}

/** Adds the path to the loader's message, which does not always name the file. */
function reasonText(file: string, message: string): string {
  return message.includes(file) ? message : `${file}: ${message}`;
}

function restrictedAdvice(search: Search): string {
  const flags = permissionFlags({ addons: true, read: folderOf(search) });
  return `Add to the command line: ${flags}, and --allow-fs-read and --allow-fs-write for the state directory.`;
}

/**
 * Returns the folder that Node must be allowed to read: the user's choice, the package or, if the
 * package cannot be read, the folder of this code.
 */
function folderOf({ root, named }: Search): string {
  if (named !== undefined) return root ?? dirname(named.path);
  return root !== null && isPackage(root) ? root : dirname(ownFile());
}

function noexecText(mount: string): string {
  return (
    `'${mount}' is mounted noexec, so the system maps no programs or libraries from it. Install the package on another ` +
    `file system, or allow execution: ${commandText(['mount', '-o', 'remount,exec', mount])}`
  );
}

function isBlockable({ code }: NodeJS.ErrnoException): boolean {
  return process.platform === 'win32' && code === 'ERR_DLOPEN_FAILED';
}

/**
 * Smart App Control and App Control policies block unsigned libraries:
 * ERROR_ACCESS_DISABLED_BY_POLICY, ERROR_VIRUS_INFECTED or STATUS_SYSTEM_INTEGRITY_POLICY_VIOLATION
 * (pingdotgg/t3code#8201). Node's error contains only the localized text, not the error number.
 */
const BLOCKED_TEXT =
  'Smart App Control or a policy may block it, because it is not signed: see Windows Security > App & browser ' +
  'control > Smart App Control, or the log Microsoft-Windows-CodeIntegrity/Operational.';

function buildAdvice(root: string | null): string {
  if (root === null || !fileExists(join(root, 'CMakeLists.txt')))
    return 'Build it in the installed package, whose CMakeLists.txt needs cmake and a C++17 compiler.';
  if (fileExists(join(root, 'scripts/build.mjs'))) return 'Build it: npm run build';
  const build = join(root, 'build');
  const commands = [
    ['cmake', '-S', root, '-B', build],
    ['cmake', '--build', build, '--config', 'Release'],
  ];
  return `Build it: ${commands.map(commandText).join(' && ')}   (needs cmake and a C++17 compiler)`;
}

function isPackage(root: string): boolean {
  try {
    return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).name === 'gateway-lock';
  } catch {
    return false;
  }
}
