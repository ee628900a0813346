// stress_holder DIRECTORY SEED lock|sabotage ENDING: does the same as
// src/cli/commands/stress/worker.ts, with the same files, witnesses and letters on stdout, but
// starts in 1 ms, so that a stress run can kill 100,000 of these processes in minutes. With the
// ENDING `exit` or `abort`, the process ends itself while it holds the lock; otherwise the driver
// ends it.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "file_lock.h"

namespace {

using gateway_lock::FileLock;
using gateway_lock::FileSystemCache;
using gateway_lock::LockOptions;
using gateway_lock::Status;

constexpr unsigned kWorkUs = 2000;
constexpr unsigned kPauseUs = 300;
constexpr useconds_t kRetryUs = 200;
constexpr unsigned kLastPercent = 30;  // LAST_SHARE in worker-plan.ts
constexpr unsigned long kExiting = 4;  // PF_EXITING in linux/sched.h

std::string directory;
std::uint64_t random_state;

unsigned Random(unsigned limit) {
  random_state = random_state * 6364136223846793005u + 1442695040888963407u;
  return static_cast<unsigned>(random_state >> 33) % limit;
}

[[noreturn]] void Fail(const char* what, int code) {
  std::fprintf(stderr, "%s: %s\n", what, std::strerror(code));
  std::_Exit(1);
}

std::string PathOf(const char* name) { return directory + "/" + name; }

void ReportState(char state) {
  if (write(1, &state, 1) != 1) std::_Exit(0);  // the driver has ended
}

std::string ReadText(const std::string& path) {
  char text[512];
  int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  ssize_t count = fd < 0 ? 0 : read(fd, text, sizeof text);
  if (fd >= 0) close(fd);
  return std::string(text, count > 0 ? static_cast<std::size_t>(count) : 0);
}

void Note(const std::string& line) {
  int fd = open(PathOf("journal").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0 || write(fd, line.data(), line.size()) < 0) Fail("journal", errno);
  close(fd);
}

// Returns false for a zombie or an exiting process, whose lock may already be free.
bool IsInside(const std::string& pid) {
  std::string stat = ReadText("/proc/" + pid + "/stat");
  std::size_t end = stat.rfind(')');
  if (end == std::string::npos) return false;
  char state = 0;
  unsigned long flags = 0;
  if (std::sscanf(stat.c_str() + end + 2, "%c %*d %*d %*d %*d %*d %lu", &state, &flags) != 2)
    return false;
  return std::strchr("ZX", state) == nullptr && (flags & kExiting) == 0;
}

void CheckMarker(const std::string& own) {
  std::string name = ReadText(PathOf("marker"));
  std::string pid = name.substr(0, name.find(' '));
  bool outlives = pid.size() < name.size();
  for (int waited = 0; !pid.empty() && name != own && IsInside(pid); ++waited) {
    if (outlives && waited < 2000) {
      usleep(1000);
      continue;
    }
    if (ReadText(PathOf("marker")) == name)
      Note("intruder " + name + " and " + own + " held the lock at once\n");
    return;
  }
}

void Mark(const std::string& own) {
  for (int tries = 0; tries < 2; ++tries) {
    int fd = open(PathOf("marker").c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0) {
      if (write(fd, own.data(), own.size()) < 0) Fail("marker", errno);
      close(fd);
      return;
    }
    CheckMarker(own);
    (void)unlink(PathOf("marker").c_str());
  }
}

void WriteCounter(const std::string& value, const std::string& own) {
  std::string draft = PathOf("counter.") + own;
  int fd = open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0 || write(fd, value.data(), value.size()) < 0) Fail("counter", errno);
  close(fd);
  if (rename(draft.c_str(), PathOf("counter").c_str()) != 0) Fail("rename", errno);
}

// Returns if the driver ends this process.
void End(const char* ending) {
  if (std::strcmp(ending, "exit") == 0) std::exit(0);
  if (std::strcmp(ending, "abort") == 0) std::abort();
}

void Work(const std::string& own, const char* ending) {
  Mark(own);
  std::string next = std::to_string(std::atol(ReadText(PathOf("counter")).c_str()) + 1);
  usleep(Random(kWorkUs));
  if (Random(100) < kLastPercent) End(ending);
  WriteCounter(next, own);
  Note("counted " + next + "\n");
  std::string marker = ReadText(PathOf("marker"));
  if (marker != own) Note("intruder " + marker + " replaced " + own + "\n");
  (void)unlink(PathOf("marker").c_str());
}

void Acquire(FileSystemCache* file_systems, FileLock* lock) {
  std::string path = PathOf("the.lock");
  for (;;) {
    Status status = FileLock::TryAcquire(path, LockOptions(), file_systems, lock);
    if (status.ok()) break;
    if (!status.contended()) Fail(status.syscall, status.sys_code);
    usleep(kRetryUs);
  }
  std::string record =
      "{\"pid\":" + std::to_string(getpid()) + ",\"kernelLock\":true,\"note\":\"stress\"}\n";
  Status written = lock->WriteRecord(record);
  if (!written.ok()) Fail(written.syscall, written.sys_code);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 64;
  directory = argv[1];
  random_state = std::strtoull(argv[2], nullptr, 10);
  bool sabotage = std::strcmp(argv[3], "sabotage") == 0;
  std::string own = std::to_string(getpid());
  FileSystemCache file_systems;
  for (;;) {
    FileLock lock;
    ReportState('w');
    if (!sabotage) Acquire(&file_systems, &lock);
    ReportState('h');
    Work(own, argv[4]);
    ReportState('r');
    if (!lock.Release().ok()) Fail("release", errno);
    usleep(Random(kPauseUs));
  }
}
