// Ends the child processes together with this process on Windows, where a child cannot inherit a
// lock.
//
// Guaranteed (Windows): when this process ends in any way, Windows ends every process that this
// process has started after the call, and all descendants of those processes.
// The call cannot be undone. A normal exit of this process also ends the children.
// NOT promised: that the children have ended before the locks of this process are released.
// Thread-safety: none.
#pragma once

#include "status.h"

namespace gateway_lock {

// Returns kUnsupported on POSIX, where a child inherits the lock and may outlive its parent.
Status KillChildrenOnExit();

}  // namespace gateway_lock
