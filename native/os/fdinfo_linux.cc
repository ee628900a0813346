#include "fdinfo_linux.h"

#include <cstdio>
#include <cstdlib>
#include <memory>

namespace gateway_lock {
namespace {

struct CloseStream {
  void operator()(FILE* stream) const { fclose(stream); }
};

}  // namespace

// The fdinfo of a descriptor that holds a lock contains a line "lock: 1: FLOCK ADVISORY WRITE PID
// ..." (man 5 proc_pid_fdinfo), with READ for a shared lock.
bool HasLock(const std::string& fdinfo, LockMode mode) {
  std::unique_ptr<FILE, CloseStream> stream(fopen(fdinfo.c_str(), "re"));
  if (stream == nullptr) return false;
  const char* kind = mode == LockMode::kExclusive ? "WRITE" : "READ";
  bool found = false;
  char* line = nullptr;
  std::size_t capacity = 0;
  while (!found && getline(&line, &capacity, stream.get()) > 0) {
    std::string text(line);
    found = text.compare(0, 5, "lock:") == 0 && text.find("FLOCK") != std::string::npos &&
            text.find(kind) != std::string::npos;
  }
  free(line);
  return found;
}

}  // namespace gateway_lock
