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

// Returns the boot time in milliseconds since 1970. Reads two clocks, because reading "btime" from
// /proc/stat took half the time of a probe: the kernel adds up every interrupt of every CPU for
// that file.
std::int64_t BootTimeMs() { return NowMs(CLOCK_REALTIME) - NowMs(CLOCK_BOOTTIME); }

// The fields of /proc/PID/stat used here, with their field numbers from man 5 proc.
struct Stat {
  char state = 0;                // 3
  std::uint64_t flags = 0;       // 9
  std::uint64_t start_time = 0;  // 22
  std::uint64_t pending = 0;     // 31: the signals that are pending for the main thread
};

constexpr std::uint64_t kExiting = 0x4;     // PF_EXITING, include/linux/sched.h
constexpr std::uint64_t kSignaled = 0x400;  // PF_SIGNALED: killed by a signal, perhaps dumping core
constexpr std::uint64_t kPendingKill = std::uint64_t{1} << (SIGKILL - 1);

// Parses the fields after the last parenthesis, because the command name before it may contain
// blanks and parentheses (man 5 proc). Does not use sscanf(), which would take a third of the time
// of a refused attempt just to skip the unused fields.
bool ParseStat(const std::string& text, Stat* stat) {
  std::size_t at = text.rfind(')');
  if (at == std::string::npos || at + 2 >= text.size()) return false;
  stat->state = text[at + 2];
  std::uint64_t values[32] = {};
  for (int field = 3; field <= 31; ++field) {
    at = text.find(' ', at + 1);
    if (at == std::string::npos) return false;
    bool wanted = field == 9 || field == 22 || field == 31;
    if (wanted) values[field] = std::strtoull(text.c_str() + at + 1, nullptr, 10);
  }
  stat->flags = values[9];
  stat->start_time = values[22];
  stat->pending = values[31];
  return true;
}

// Returns false for a process that has died or is dying. A killed process no longer runs its
// program, but takes seconds to free gigabytes of memory, and only then frees its locks and ports
// (kernel/exit.c, do_exit()). A SIGKILL is pending for all threads from the moment it is sent
// (kernel/signal.c, complete_signal()). When the main thread handles it, the kernel marks that
// thread as signaled, and later as exiting.
bool IsAlive(const Stat& stat) {
  bool dead = stat.state == 'Z' || stat.state == 'X' || stat.state == 'x';
  bool dying = (stat.flags & (kExiting | kSignaled)) != 0 || (stat.pending & kPendingKill) != 0;
  return !dead && !dying;
}

}  // namespace

ProcessIdentity ReadProcess(std::int64_t pid) {
  ProcessIdentity process;
  if (pid <= 0 || pid > INT32_MAX) return process;
  Stat stat;
  if (!ParseStat(ReadSmallFile(("/proc/" + std::to_string(pid) + "/stat").c_str()), &stat)) {
    // /proc is missing or mounted with hidepid. kill() at least shows whether the process exists.
    process.alive = kill(static_cast<pid_t>(pid), 0) == 0 || errno == EPERM;
    return process;
  }
  process.alive = IsAlive(stat);
  process.start_time = stat.start_time;
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
