// Tests how far a lock can be trusted on the file system of a file.
//
// Guaranteed: a file system whose locks exclude no process is detected by trying, once per device
// and environment: a second open of the locked file must be refused the lock. File system types
// only tell local from remote, because a file system that excludes here may still not exclude other
// hosts.
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
  kLocal,   // a local file system, seen to exclude
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
  // Returns the strength of the locked file `held`. `path` must name that file and the caller must
  // hold its lock: the test opens the file again and tries an exclusive lock. kReplaced: the path
  // names another file by now, so the strength is unknown; start over.
  Status StrengthOf(const FileHandle& held, const std::string& path, const FileIdentity& identity,
                    Strength* strength);

 private:
  std::map<std::uint64_t, Strength> by_key_;
};

// Opens the locked file again and tries the lock, which must be refused. kReplaced: same as above.
// Per OS.
Status TestExclusion(const std::string& path, const FileIdentity& identity, bool* excludes);

// Returns a key: two files with the same key are on file systems of the same strength. 0 if
// unknown; the strength is then tested each time. Per OS.
std::uint64_t FileSystemKey(const FileHandle& file, const FileIdentity& identity);

// Describes how a weak file system grants its locks, for the error text. Per OS.
const char* DescribeWeakness(const FileHandle& file);

// Returns true if files have no mode of their own and chmod() changes nothing: FAT. POSIX only.
bool LacksModes(const std::string& path);

// Returns true if the file system is shared with other hosts or kernels, judged by its type.
bool IsRemoteFileSystem(const FileHandle& file);

}  // namespace gateway_lock
