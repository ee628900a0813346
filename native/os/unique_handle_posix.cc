#include "unique_handle.h"

#include <unistd.h>

namespace gateway_lock {

// Does not retry close() on EINTR: Linux has freed the descriptor by then, and a second close could
// hit a descriptor that another thread has just been given (man 2 close, NOTES).
void CloseFile(NativeHandle handle) noexcept { close(static_cast<int>(handle)); }
void CloseSocket(NativeHandle handle) noexcept { close(static_cast<int>(handle)); }

}  // namespace gateway_lock
