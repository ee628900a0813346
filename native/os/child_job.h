// Programs that end when this process does, where they cannot inherit what it holds.
//
// Guaranteed (Windows): from now on every process that this one starts, and whatever those start, is
// ended by the system when this process ends in any way.
// What ends it: nothing. Also an orderly end of this process ends them.
// NOT promised: that they are gone before the locks of this process are.
// Thread-safety: none.
#pragma once

#include "status.h"

namespace gateway_lock {

// kUnsupported on POSIX, where a program inherits the lock and may outlive who started it.
Status KillChildrenOnExit();

}  // namespace gateway_lock
