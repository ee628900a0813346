// The floor: the lock protocol of docs/decisions in as few system calls as are correct, with no
// Node.
//
// What TryLock() and Unlock() call, for a file that is not there yet:
//   open(O_CREAT) fstat flock lstat pwrite | lstat unlink flock(LOCK_UN) close
// Refused, for a lock that somebody holds:
//   open fstat flock pread open(/proc/PID/stat) read close close
// Not done here and done by the package: docs/performance.md has the list.
#pragma once

#include <sys/stat.h>

#include <string>

#include "record.h"

namespace floor_bench {

struct Lock {
  int fd = -1;
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = 0;
  std::string path;
  Acquisition acquisition;
};

enum class Try { kHeld, kRefused, kFailed };

// Writes the same record as the package does; `fields`: what record.h says.
Try TryLock(const std::string& path, Lock* lock, const std::string& fields = "");
// The same, blocked in flock(2) while somebody else holds it.
bool WaitLock(const std::string& path, Lock* lock);
void PublishPort(Lock* lock, const std::string& fields, int port);
void Unlock(Lock* lock);

// open fstat flock pread open(/proc/PID/stat) read close lstat close
bool ProbeHeld(const std::string& path);

}  // namespace floor_bench
