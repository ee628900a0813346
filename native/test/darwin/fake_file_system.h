// Selects the macOS file system that the fakes simulate for a test's files.
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
// Drops the lock that closing the descriptor drops on the simulated file system. Called by
// fake_kqueue.cc, which wraps close().
void DropLockOfClosed(int fd);

}  // namespace gateway_lock::darwin
