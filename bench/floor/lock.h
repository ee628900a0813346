// The floor: a C++ program without Node that follows docs/protocol.md with as few system calls as
// is correct.
//
// System calls of TryLock() and Unlock() for a file that does not exist:
//   stat open(O_CREAT) fstat geteuid flock lstat getpid pwrite
//   getpid lstat unlink flock(LOCK_UN) close
// System calls of TryLock() for a held lock:
//   stat open fstat geteuid flock pread open(/proc/PID/stat) read close close
// docs/performance.md lists what the package does in addition.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstddef>
#include <string>

#include "record.h"

namespace floor_bench {

struct Lock {
  int fd = -1;
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = 0;
  pid_t owner = 0;
  std::size_t written_hash = 0;  // of our record
  std::string path;
  Acquisition acquisition;
};

enum class Try { kHeld, kRefused, kFailed };

// Makes one attempt to acquire the lock. Writes the same record as the package. For `fields`, see
// FormatRecord().
Try TryLock(const std::string& path, Lock* lock, const std::string& fields = "");
// Same as TryLock(), but blocks in flock(2) until the lock is free.
bool WaitLock(const std::string& path, Lock* lock);
void PublishPort(Lock* lock, const std::string& fields, int port);
void Unlock(Lock* lock);
// Empties the file instead of removing it, if it still contains our record:
//   getpid pread ftruncate flock(LOCK_UN) close
void UnlockKept(Lock* lock);
// Locks and unlocks an existing file without writing a record:
//   stat open fstat geteuid flock lstat getpid | getpid flock(LOCK_UN) close
bool CycleExisting(const std::string& path);

// Makes these system calls:
//   stat open fstat geteuid flock pread open(/proc/PID/stat) read close lstat close
bool ProbeHeld(const std::string& path);

}  // namespace floor_bench
