#include "unique_handle.h"

#include <windows.h>
#include <winsock2.h>

namespace gateway_lock {

void CloseFile(NativeHandle handle) noexcept { CloseHandle(reinterpret_cast<HANDLE>(handle)); }
void CloseSocket(NativeHandle handle) noexcept { closesocket(static_cast<SOCKET>(handle)); }

}  // namespace gateway_lock
