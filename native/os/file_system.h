// Determines how strong a lock is on a given file's file system.
//
// Guaranteed: a file system whose locks have no effect is detected by a test, which runs once per
// device and JavaScript environment. The test opens the locked file again and attempts to lock it,
// which must be refused. The file system type is used only to tell local from remote file systems.
// The test cannot do that, because locks that work on this host may still not exclude other hosts.
// NOT promised: that locks exclude other hosts or other kernels.
// Thread-safety: none. Each JavaScript environment has its own object.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "status.h"
#include "unique_handle.h"

namespace gateway_lock {

enum class Strength {
  kLocal,   // a local file system whose locks passed the test
  kRemote,  // passed the test, but may not exclude other hosts or kernels (NFS, SMB, 9p, FUSE)
  kWeak,    // failed the test
};

struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t file = 0;
  bool operator==(const FileIdentity& other) const {
    return device == other.device && file == other.file;
  }
};

class FileSystemCache {
 public:
  // Determines how strong a lock on the file `held` is. `path` must name that file, and the caller
  // must hold its lock. The test opens the file again and attempts an exclusive lock.
  // kReplaced: the path no longer names the file, so the strength is unknown and the caller has to
  // start over.
  Status StrengthOf(const FileHandle& held, const std::string& path, const FileIdentity& identity,
                    Strength* strength);
  // Notes that a lock on the file was refused. On a local file system that proves as much as the
  // test, which is then skipped. On a remote one it does not: smbfs of macOS refuses other
  // processes, but grants this process the lock twice (weak_lock_registry.h).
  void NoteRefusal(const FileHandle& refused, const FileIdentity& identity);

 private:
  std::map<std::uint64_t, Strength> by_key_;
};

// Opens the locked file again and attempts to lock it. Sets `excludes` to true if that lock is
// refused. kReplaced: the path no longer names the locked file. Implemented per OS.
Status TestExclusion(const std::string& path, const FileIdentity& identity, bool* excludes);

// Returns a key for the file system: locks on files with the same key have the same strength.
// Returns 0 if there is no key, in which case every lock is tested. Implemented per OS.
std::uint64_t FileSystemKey(const FileHandle& file, const FileIdentity& identity);

// Describes how a weak file system grants locks, for the error message. Implemented per OS.
const char* DescribeWeakness(const FileHandle& file);

// Returns true on FAT, where files have no modes and chmod() has no effect. POSIX only.
bool LacksModes(const std::string& path);

// Returns true if the file system type suggests that other hosts or kernels may share it.
bool IsRemoteFileSystem(const FileHandle& file);

}  // namespace gateway_lock
