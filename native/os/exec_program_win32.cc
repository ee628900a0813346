#include "exec_program.h"

#include <windows.h>

namespace gateway_lock {

// Windows has no such thing: what the C runtime calls exec() starts another process and ends this
// one.
Status ExecProgram(const Program&) { return Status::Unsupported(ERROR_NOT_SUPPORTED, "exec"); }

}  // namespace gateway_lock
