// Node's permission model (`node --permission`). The addon's system calls would bypass the model,
// so the package asks it before the addon opens a file or binds a port.
import { dirname, join } from 'node:path';
import { LockError } from '../errors.js';
import { commandText, makeDirectoryCommand } from './shell-commands.js';

export const PERMISSION_MODEL = "Node's permission model";

/** Node sets `process.permission` only if it runs with the permission model. */
const model = () => process.permission as NodeJS.Process['permission'] | undefined;

/** Returns true if Node runs with the permission model. */
export function isRestricted(): boolean {
  return model() !== undefined;
}

export type FileAccess = 'read' | 'write';

/**
 * Throws if the permission model denies access to a file. The message advises to allow `folder`, by
 * default the folder that contains the file.
 *
 * @throws {LockError} `ERR_LOCK_PERMISSION`
 */
export function assertFileAllowed(path: string, accesses: readonly FileAccess[], folder?: string): void {
  const permission = model();
  const denied = permission && accesses.find((access) => !permission.has(`fs.${access}`, path));
  if (denied === undefined) return;
  const cause = accessDenied(`${denied} access`, denied === 'read' ? 'FileSystemRead' : 'FileSystemWrite', path);
  throw new LockError('ERR_LOCK_PERMISSION', deniedFileText(path, folder ?? dirname(path)), { path, cause });
}

/**
 * Returns the error for a path that does not exist and whose parent directories the permission model
 * hides, so that its symbolic links cannot be resolved.
 */
export function hiddenParentError(path: string, cause: unknown): LockError {
  const text = `${PERMISSION_MODEL} hides the parent directories of '${path}', which does not exist yet`;
  const advice = `Create it before the start: ${makeDirectoryCommand(path)}`;
  return new LockError('ERR_LOCK_PERMISSION', `${text}. ${advice}`, { path, cause });
}

/** Returns true for an error that Node throws because of the permission model. */
export function isAccessDenied(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.code === 'ERR_ACCESS_DENIED';
}

/** Describes a file in `folder` that the permission model denies. */
export function deniedFileText(path: string, folder: string): string {
  // A lock needs both, and a second start should not fail for the other one.
  const flags = permissionFlags({ read: withoutNamespace(folder), write: withoutNamespace(folder) });
  return `${PERMISSION_MODEL} denies access to '${withoutNamespace(path)}'. Add to the command line: ${flags}`;
}

/** Removes the prefix that Node adds to paths in errors on Windows. The flags do not accept it. */
function withoutNamespace(path: string): string {
  return path.replace(/^\\\\\?\\/, '');
}

/** Returns the error of a bind that the permission model denies (since Node 25), else null. */
export function netDenial(): Error | null {
  if (model()?.has('net') !== false) return null;
  // Older versions return false for a scope that they do not know.
  return process.allowedNodeEnvironmentFlags.has('--allow-net') ? accessDenied('network access', 'Net') : null;
}

/** What to do about the error of {@link netDenial}. */
export const ALLOW_NET_ADVICE = 'Add to the command line: --allow-net';

/** Returns an error like the one that Node's own modules throw. */
function accessDenied(what: string, permission: string, resource?: string): Error {
  return Object.assign(new Error(`${PERMISSION_MODEL} denies ${what}`), {
    code: 'ERR_ACCESS_DENIED',
    permission,
    ...(resource === undefined ? {} : { resource }),
  });
}

/** The flags that allow what is listed. `read` and `write` are folders. */
export function permissionFlags({ addons = false, read, write }: PermissionRequest): string {
  const words = [
    addons ? '--allow-addons' : [],
    read === undefined ? [] : `--allow-fs-read=${everythingIn(read)}`,
    write === undefined ? [] : `--allow-fs-write=${everythingIn(write)}`,
  ];
  return commandText(words.flat());
}

/** Allows the folder and everything in it, even if the folder does not exist yet (Node 20 to 26). */
function everythingIn(folder: string): string {
  return join(folder, '*');
}

interface PermissionRequest {
  readonly addons?: boolean;
  readonly read?: string | undefined;
  readonly write?: string | undefined;
}
