#include "process_signal.h"

#include <signal.h>
#include <windows.h>

#include "unique_handle.h"
#include "win32_file.h"

namespace gateway_lock {
namespace {

// The number of SIGKILL in Node. The C runtime of Windows does not define it.
constexpr int kSigkill = 9;
// The exit code with which libuv ends a process (uv_kill() in src/win/process.c).
constexpr UINT kExitCode = 1;

bool IsSameProcess(const FileHandle& process, const SignalTarget& target) {
  FILETIME created = {};
  FILETIME rest[3] = {};
  return WaitForSingleObject(Raw(process), 0) == WAIT_TIMEOUT &&
         GetProcessTimes(Raw(process), &created, &rest[0], &rest[1], &rest[2]) &&
         static_cast<std::uint64_t>(UnixMicroseconds(created)) == target.start_time;
}

}  // namespace

// While the handle is open, no other process gets the pid.
Status SendSignal(const SignalTarget& target, int signal, bool* sent) {
  *sent = false;
  bool ends = signal == SIGINT || signal == SIGTERM || signal == kSigkill;
  if (!ends && signal != 0) return Status::Unsupported(ERROR_NOT_SUPPORTED, "kill");
  DWORD access = PROCESS_QUERY_LIMITED_INFORMATION | SYNCHRONIZE | (ends ? PROCESS_TERMINATE : 0);
  HANDLE opened = OpenProcess(access, /*bInheritHandle=*/FALSE, static_cast<DWORD>(target.pid));
  if (opened == nullptr) {
    bool gone = GetLastError() == ERROR_INVALID_PARAMETER;  // no process has this pid
    return gone ? Status::Ok() : LastError("kill");
  }
  FileHandle process(reinterpret_cast<NativeHandle>(opened));
  if (!IsSameProcess(process, target)) return Status::Ok();
  *sent = !ends || TerminateProcess(Raw(process), kExitCode) != 0;
  return *sent ? Status::Ok() : LastError("kill");
}

}  // namespace gateway_lock
