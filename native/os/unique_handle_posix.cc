#include "unique_handle.h"

#include <unistd.h>

namespace gateway_lock {

// Does not retry close() on EINTR, because Linux has already freed the descriptor. A second close()
// could close another thread's new descriptor with the same number (man 2 close, NOTES).
void CloseFile(NativeHandle handle) noexcept { close(static_cast<int>(handle)); }
void CloseSocket(NativeHandle handle) noexcept { close(static_cast<int>(handle)); }

}  // namespace gateway_lock
