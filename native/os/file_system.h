// How far a lock can be trusted on the file system that a file lies on.
//
// Guaranteed: a file system on which flock() excludes nobody is found out by trying, once per device
// and environment: a second open of the locked file must be refused. Names of file systems are only
// used to tell local from remote, because one that excludes here may still not exclude other hosts.
// NOT promised: anything about other hosts or other kernels.
// Thread-safety: none; one object per environment.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "status.h"
#include "unique_handle.h"

namespace gateway_lock {

enum class Strength {
  kLocal,   // local, and seen to exclude
  kRemote,  // seen to exclude here; other hosts or kernels may not be excluded (NFS, SMB, 9p, FUSE)
  kWeak,    // seen NOT to exclude
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
  // What the file system of the locked file `held` is worth. `path` must name that file and the
  // caller must hold its lock: the test opens it again and asks for an exclusive lock. kReplaced
  // when the path names another file by now: nothing was learnt, start over.
  Status StrengthOf(const FileHandle& held, const std::string& path, const FileIdentity& identity,
                    Strength* strength);

 private:
  std::map<std::uint64_t, Strength> by_key_;
};

// Opens the locked file again, which must be refused the lock. kReplaced as above. Per OS.
Status TestExclusion(const std::string& path, const FileIdentity& identity, bool* excludes);

// Two files with one key are on file systems of one strength. 0: not known, so the strength is
// tested each time. Per OS.
std::uint64_t FileSystemKey(const FileHandle& file, const FileIdentity& identity);

// How a file system that was seen not to exclude grants its locks, for the error. Per OS.
const char* DescribeWeakness(const FileHandle& file);

// True where a file has no mode of its own, and chmod() changes nothing: FAT. For POSIX only.
bool LacksModes(const std::string& path);

// True where the file system is shared with other hosts or kernels, judged by its type.
bool IsRemoteFileSystem(const FileHandle& file);

}  // namespace gateway_lock
