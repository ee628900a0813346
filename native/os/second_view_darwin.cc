#include "second_view.h"

namespace gateway_lock {

// Returns false, because macOS has no public list of the locks of a process: proc_pidfdinfo() shows
// the open files of a process but not their locks.
bool IsHeldInOtherView(const std::string&, std::int64_t) { return false; }

}  // namespace gateway_lock
