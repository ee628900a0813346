// Which file system of macOS the files of a test lie on.
#pragma once

namespace gateway_lock::darwin {

enum class Mounted {
  kApfs,
  kFat,  // an empty file has another number than one with content
  kSmb,  // flock() is of the process, not of the descriptor
};

// Of all files of this process from now on.
void MountAs(Mounted type);
Mounted MountedAs();
// What a close() does to a lock of that process. For fake_kqueue.cc, which has close().
void DropLockOfClosed(int fd);

}  // namespace gateway_lock::darwin
