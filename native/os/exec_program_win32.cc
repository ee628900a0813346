#include "exec_program.h"

#include <windows.h>

namespace gateway_lock {

// Windows cannot replace the program of a process. exec() in the Windows C runtime starts a new
// process and ends the current one.
Status ExecProgram(const Program&) { return Status::Unsupported(ERROR_NOT_SUPPORTED, "exec"); }

}  // namespace gateway_lock
