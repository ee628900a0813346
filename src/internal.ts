// What src/cli uses in addition to the public interface. No entry point of the package exports it.
export { DEFAULT_APP, variableName } from './gateway/app-environment.js';
export { environmentWith } from './gateway/inheritance.js';
export { killChildrenOnExit } from './gateway/kill-children-on-exit.js';
export { isLockFileName } from './gateway/lock-directories.js';
export { findForeignParent } from './gateway/sudo-home.js';
export { tryAcquireForRemoval } from './lock/internal.js';
export {
  bindLimit,
  effectiveGroupId,
  effectiveUserId,
  processStatesAreKnown,
  programsInherit,
  signalsCanBeRelayed,
} from './native/platform.js';
export { programCandidates, spawnCommand } from './native/processes.js';
export {
  commandText,
  DENIED_PORT_ADVICE,
  denyOthersCommand,
  listListenersCommand,
  makeDirectoryCommand,
  PRIVACY_SETTINGS,
  restrictAccessCommand,
  showModeCommand,
  stopCommand,
  takeOwnershipCommand,
} from './native/shell-commands.js';
