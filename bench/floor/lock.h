// The floor: the lock protocol of docs/decisions in as few system calls as are correct, with no
// Node.
//
// What TryLock() and Unlock() call, for a file that is not there yet:
//   open(O_CREAT) fstat flock lstat pwrite | lstat unlink flock(LOCK_UN) close
// Refused, for a lock that somebody holds:
//   open fstat flock pread open(/proc/PID/stat) read close close
// Not done here and done by the package: asking whether others may write to the directory, a second
// open to test a new file system, and telling an empty leftover from a new file.
#pragma once

#include <sys/stat.h>

#include <string>

namespace floor_bench {

struct Lock {
  int fd = -1;
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = 0;
  std::string path;
};

enum class Try { kHeld, kRefused, kFailed };

// Writes the same record as the package does.
Try TryLock(const std::string& path, Lock* lock);
// The same, blocked in flock(2) while somebody else holds it.
bool WaitLock(const std::string& path, Lock* lock);
void PublishPort(Lock* lock, int port);
void Unlock(Lock* lock);

// A refused try believes "held" only when the record names a process that lives: see
// docs/decisions/0002.
bool NamesLiveOwner(int fd);
// open fstat flock pread open(/proc/PID/stat) read close lstat close
bool ProbeHeld(const std::string& path);

}  // namespace floor_bench
