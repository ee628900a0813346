// Ends the child processes when this process ends, on Windows, where a child cannot inherit a lock.
//
// Guaranteed (Windows): however this process ends, Windows also ends every process that it started
// after the call, and all their descendants. A normal exit ends them too. The call cannot be
// undone.
// NOT promised: that the children have ended before the locks of this process are released.
// Thread-safety: none.
#pragma once

#include "status.h"

namespace gateway_lock {

// Returns kUnsupported on POSIX, where a child inherits the lock and may outlive its parent.
Status KillChildrenOnExit();

}  // namespace gateway_lock
