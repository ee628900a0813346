#include "exec_program.h"

#include <windows.h>

namespace gateway_lock {

// Windows cannot replace the program of a process. The exec() of the Windows C runtime starts
// another process and ends the current process.
Status ExecProgram(const Program&) { return Status::Unsupported(ERROR_NOT_SUPPORTED, "exec"); }

}  // namespace gateway_lock
