#include "test_process.h"

#include <windows.h>

#include <cstdio>
#include <string>

namespace gateway_lock::test {
namespace {

constexpr DWORD kLimitMs = 60'000;

std::string OwnProgram() {
  char path[MAX_PATH] = "";
  CHECK(GetModuleFileNameA(nullptr, path, sizeof path) < sizeof path);
  return path;
}

}  // namespace

int RunInChild(const Test& test) {
  std::fflush(nullptr);
  std::string command = "\"" + OwnProgram() + "\" \"" + test.name + "\"";
  STARTUPINFOA startup = {};
  startup.cb = sizeof startup;
  PROCESS_INFORMATION child = {};
  CHECK(CreateProcessA(nullptr, &command[0], nullptr, nullptr, TRUE, 0, nullptr, nullptr, &startup,
                       &child));
  if (WaitForSingleObject(child.hProcess, kLimitMs) != WAIT_OBJECT_0) {
    TerminateProcess(child.hProcess, WAIT_TIMEOUT);
    WaitForSingleObject(child.hProcess, INFINITE);
  }
  DWORD code = 0;
  CHECK(GetExitCodeProcess(child.hProcess, &code));
  CloseHandle(child.hThread);
  CloseHandle(child.hProcess);
  return static_cast<int>(code);
}

std::int64_t OwnPid() { return GetCurrentProcessId(); }

}  // namespace gateway_lock::test
