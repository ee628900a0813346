#include "second_view.h"

namespace gateway_lock {

// A lock of LockFileEx() belongs to the volume, so a second path to the file meets the same lock.
bool IsHeldInOtherView(const std::string&, std::int64_t) { return false; }

}  // namespace gateway_lock
