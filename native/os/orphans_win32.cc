#include "orphans.h"

namespace gateway_lock {

int ReapOrphans(const std::vector<std::int64_t>&) { return 0; }

}  // namespace gateway_lock
