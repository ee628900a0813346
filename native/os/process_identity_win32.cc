#include "process_identity.h"

#include <windows.h>
// Must be included after windows.h.
#include <shellapi.h>
#include <winternl.h>

#include <vector>

#include "unique_handle.h"
#include "win32_file.h"
#include "win32_text.h"

namespace gateway_lock {
namespace {

constexpr auto kCommandLineInformation = static_cast<PROCESSINFOCLASS>(60);
constexpr auto kTimeOfDayInformation = static_cast<SYSTEM_INFORMATION_CLASS>(3);
constexpr std::size_t kMaxCommandLine = 4096;

// SYSTEM_TIMEOFDAY_INFORMATION, whose members winternl.h does not declare.
struct TimeOfDay {
  LARGE_INTEGER boot_time;
  LARGE_INTEGER current_time;
  LARGE_INTEGER time_zone_bias;
  ULONG time_zone;
  ULONG reserved;
  ULONGLONG boot_time_bias;
  ULONGLONG sleep_time_bias;
};

template <typename Function>
Function Find(const wchar_t* library, const char* name) {
  HMODULE module = LoadLibraryExW(library, nullptr, LOAD_LIBRARY_SEARCH_SYSTEM32);
  if (module == nullptr) return nullptr;
  return reinterpret_cast<Function>(reinterpret_cast<void*>(GetProcAddress(module, name)));
}

FileHandle Open(std::int64_t pid, DWORD access) {
  if (pid <= 0 || pid > UINT32_MAX) return FileHandle();
  HANDLE process = OpenProcess(access, /*bInheritHandle=*/FALSE, static_cast<DWORD>(pid));
  return process == nullptr ? FileHandle() : FileHandle(reinterpret_cast<NativeHandle>(process));
}

// Returns the command line as one string, as the program received it. Empty if the system does not
// show it.
std::wstring CommandLineText(std::int64_t pid) {
  FileHandle process = Open(pid, PROCESS_QUERY_LIMITED_INFORMATION);
  using Function = LONG(NTAPI*)(HANDLE, PROCESSINFOCLASS, void*, ULONG, ULONG*);
  auto query = Find<Function>(L"ntdll.dll", "NtQueryInformationProcess");
  if (!process.valid() || query == nullptr) return {};
  std::vector<BYTE> buffer(65536 + sizeof(UNICODE_STRING));
  auto size = static_cast<ULONG>(buffer.size());
  if (query(Raw(process), kCommandLineInformation, &buffer[0], size, &size) < 0) return {};
  const auto* text = reinterpret_cast<const UNICODE_STRING*>(buffer.data());
  return text->Buffer == nullptr ? std::wstring()
                                 : std::wstring(text->Buffer, text->Length / sizeof(wchar_t));
}

}  // namespace

ProcessIdentity ReadProcess(std::int64_t pid) {
  ProcessIdentity identity;
  FileHandle process = Open(pid, PROCESS_QUERY_LIMITED_INFORMATION | SYNCHRONIZE);
  if (!process.valid()) {
    // ERROR_ACCESS_DENIED means that the process exists but belongs to another user.
    identity.alive = pid > 0 && GetLastError() == ERROR_ACCESS_DENIED;
    return identity;
  }
  // Does not check the exit code for 259 (STILL_ACTIVE), because a process may also exit with 259.
  identity.alive = WaitForSingleObject(Raw(process), 0) == WAIT_TIMEOUT;
  FILETIME created = {};
  FILETIME rest[3] = {};
  if (GetProcessTimes(Raw(process), &created, &rest[0], &rest[1], &rest[2])) {
    identity.started_at_ms = UnixMs(created);
    // Microseconds since 1970, because a JavaScript number cannot represent a FILETIME (units of
    // 100 ns since 1601) exactly.
    identity.start_time = static_cast<std::uint64_t>(UnixMicroseconds(created));
  }
  return identity;
}

// Loads shell32.dll on demand, because that takes milliseconds and also loads the desktop
// libraries.
std::string CommandLine(std::int64_t pid) {
  std::wstring text = CommandLineText(pid);
  using Function = wchar_t**(WINAPI*)(const wchar_t*, int*);
  auto split = text.empty() ? nullptr : Find<Function>(L"shell32.dll", "CommandLineToArgvW");
  int count = 0;
  wchar_t** words = split == nullptr ? nullptr : split(text.c_str(), &count);
  std::string all;
  for (int i = 0; words != nullptr && i < count; ++i) {
    all += Utf8(words[i]);
    all += '\0';
  }
  LocalFree(words);
  if (all.size() > kMaxCommandLine) all.resize(kMaxCommandLine);
  return all;
}

// Identifies a boot by its time. Subtracts boot_time_bias, because setting the clock changes both
// boot_time and boot_time_bias.
std::string BootId() {
  using Function = LONG(NTAPI*)(SYSTEM_INFORMATION_CLASS, void*, ULONG, ULONG*);
  auto query = Find<Function>(L"ntdll.dll", "NtQuerySystemInformation");
  TimeOfDay times = {};
  if (query == nullptr || query(kTimeOfDayInformation, &times, sizeof times, nullptr) < 0)
    return {};
  auto boot = static_cast<ULONGLONG>(times.boot_time.QuadPart) - times.boot_time_bias;
  return boot == 0 ? std::string() : std::to_string(boot);
}

std::string PidNamespace() { return {}; }

}  // namespace gateway_lock
