// On Windows, kills all children when the process that holds the lock ends.
import { native } from '../native/load.js';
import { programsInherit } from '../native/platform.js';

/**
 * Makes the system kill all children when this process ends. Does nothing on systems where a child
 * can inherit the lock.
 */
export function killChildrenOnExit(): void {
  if (!programsInherit) native().killChildrenOnExit();
}
