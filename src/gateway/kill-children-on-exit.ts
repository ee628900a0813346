// Windows: children end with the process that holds their lock.
import { native } from '../native/load.js';
import { programsInherit } from '../native/platform.js';

/**
 * Makes the system kill all children when this process ends. Does nothing where a child can inherit
 * the lock.
 */
export function killChildrenOnExit(): void {
  if (!programsInherit) native().killChildrenOnExit();
}
