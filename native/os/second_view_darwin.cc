#include "second_view.h"

namespace gateway_lock {

// No list of the locks of a process is public: proc_pidfdinfo() tells its files, not their locks.
bool IsHeldInOtherView(const std::string&, std::int64_t) { return false; }

}  // namespace gateway_lock
