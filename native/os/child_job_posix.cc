#include "child_job.h"

#include <cerrno>

namespace gateway_lock {

Status KillChildrenOnExit() { return Status::Unsupported(ENOSYS, "KillChildrenOnExit"); }

}  // namespace gateway_lock
