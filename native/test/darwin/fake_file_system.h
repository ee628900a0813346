// Selects which macOS file system the fake calls simulate for the files of a test.
#pragma once

namespace gateway_lock::darwin {

enum class Mounted {
  kApfs,
  kFat,  // the first write changes the inode number of a file
  kSmb,  // a flock() lock belongs to the process, not to the descriptor
};

// Sets the simulated file system for all files of this process.
void MountAs(Mounted type);
Mounted MountedAs();
// Drops the lock that closing the descriptor drops on the simulated file system. fake_kqueue.cc,
// which wraps close(), calls this function.
void DropLockOfClosed(int fd);

}  // namespace gateway_lock::darwin
