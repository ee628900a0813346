#include "child_job.h"

#include <cerrno>

namespace gateway_lock {

Status TieChildren() { return Status::Unsupported(ENOSYS, "tie"); }

}  // namespace gateway_lock
