// Ends the child processes together with this process, on the system where they cannot inherit its
// locks.
//
// Guaranteed (Windows): from now on the system ends every process that this one starts, and their
// children, when this process ends in any way.
// What ends it: nothing. An orderly exit of this process ends the children too.
// NOT promised: that the children are gone before the locks of this process are.
// Thread-safety: none.
#pragma once

#include "status.h"

namespace gateway_lock {

// kUnsupported on POSIX, where a child inherits the lock and may outlive its parent.
Status KillChildrenOnExit();

}  // namespace gateway_lock
