// Programs that cannot inherit a lock end with who holds it for them.
import { native } from '../native/load.js';
import { programsInherit } from '../native/platform.js';

/** Does nothing where a program can inherit the lock. */
export function killChildrenOnExit(): void {
  if (!programsInherit) native().killChildrenOnExit();
}
