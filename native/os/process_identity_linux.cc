#include "process_identity.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <ctime>

#include "unique_handle.h"

namespace gateway_lock {
namespace {

std::string ReadSmallFile(const char* path) {
  FileHandle file(open(path, O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return {};
  char buffer[4096];
  ssize_t count = read(static_cast<int>(file.get()), buffer, sizeof buffer);
  return count > 0 ? std::string(buffer, static_cast<std::size_t>(count)) : std::string();
}

std::int64_t NowMs(clockid_t clock) {
  timespec now = {};
  clock_gettime(clock, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1000000;
}

// In milliseconds since 1970. By the clocks, and not by "btime" of /proc/stat, because that file
// counts every interrupt of every CPU first: it took half of the time of a probe.
std::int64_t BootTimeMs() { return NowMs(CLOCK_REALTIME) - NowMs(CLOCK_BOOTTIME); }

// The fields after the command name, which may itself hold blanks and parentheses: counted from the
// last one (man 5 proc). Field 3 is the state, field 22 the start time. Not by sscanf(), which
// takes a third of a refused try to skip what is between.
bool ParseStat(const std::string& stat, char* state, std::uint64_t* start_time) {
  std::size_t at = stat.rfind(')');
  if (at == std::string::npos || at + 2 >= stat.size()) return false;
  *state = stat[at + 2];
  for (int field = 3; field <= 22; ++field) {
    at = stat.find(' ', at + 1);
    if (at == std::string::npos) return false;
  }
  char* end = nullptr;
  *start_time = std::strtoull(stat.c_str() + at + 1, &end, 10);
  return end != stat.c_str() + at + 1;
}

}  // namespace

ProcessIdentity ReadProcess(std::int64_t pid) {
  ProcessIdentity process;
  if (pid <= 0 || pid > INT32_MAX) return process;
  std::string stat = ReadSmallFile(("/proc/" + std::to_string(pid) + "/stat").c_str());
  char state = 0;
  if (!ParseStat(stat, &state, &process.start_time)) {
    // No /proc, or one mounted with hidepid: at least whether it exists.
    process.alive = kill(static_cast<pid_t>(pid), 0) == 0 || errno == EPERM;
    return process;
  }
  process.alive = state != 'Z' && state != 'X' && state != 'x';
  auto ticks_per_second = static_cast<std::uint64_t>(sysconf(_SC_CLK_TCK));
  process.started_at_ms =
      BootTimeMs() + static_cast<std::int64_t>(process.start_time * 1000 / ticks_per_second);
  return process;
}

std::string CommandLine(std::int64_t pid) {
  if (pid <= 0 || pid > INT32_MAX) return {};
  return ReadSmallFile(("/proc/" + std::to_string(pid) + "/cmdline").c_str());
}

std::string BootId() {
  std::string id = ReadSmallFile("/proc/sys/kernel/random/boot_id");
  return id.substr(0, id.find('\n'));
}

std::string PidNamespace() {
  struct stat info;
  return stat("/proc/self/ns/pid", &info) == 0 ? std::to_string(info.st_ino) : std::string();
}

}  // namespace gateway_lock
