// Selects the macOS file system on which the files of a test seem to be.
#pragma once

namespace gateway_lock::darwin {

enum class Mounted {
  kApfs,
  kFat,  // the first byte changes the inode number of a file
  kSmb,  // a flock() lock belongs to the process, not to the descriptor
};

// Sets the file system of all files of this process.
void MountAs(Mounted type);
Mounted MountedAs();
// Does to the locks what a close() on the file system does. For fake_kqueue.cc, which wraps
// close().
void DropLockOfClosed(int fd);

}  // namespace gateway_lock::darwin
