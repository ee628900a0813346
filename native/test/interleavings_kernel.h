// The part of a kernel that native/os locks files with: one path, its files, descriptors and
// flock().
//
// Processes 0 to kProcesses - 1 have descriptor tables of their own. Each call is atomic and
// returns a result, or a negative errno. An inode number and a descriptor are used again as early
// as possible, because that is the hardest case for a comparison of inodes.
#pragma once

#include <sys/stat.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace gateway_lock::test {

enum class Held : unsigned char { kNone, kShared, kExclusive };

class SimulatedKernel {
 public:
  static constexpr int kProcesses = 4;

  explicit SimulatedKernel(const std::string* leftover = nullptr);

  int Open(int process, int flags, mode_t mode);
  int Close(int process, int fd);
  int Unlink();
  int StatPath(struct stat* info) const;
  int StatDescriptor(int process, int fd, struct stat* info) const;
  int ChangeMode(int process, int fd, mode_t mode);
  long Read(int process, int fd, std::size_t size, std::size_t offset, char* out) const;
  long Write(int process, int fd, const std::string& text, std::size_t offset);
  int Truncate(int process, int fd, std::size_t size);

  // flock(2) in its two steps: a conversion first drops the lock that the descriptor has.
  int Unlock(int process, int fd);
  int Lock(int process, int fd, Held wanted);
  Held LockOf(int process, int fd) const;

  // The end of a process closes its descriptors, and with them ends its locks.
  void End(int process);

  // Equal for two kernels whose next answers are equal.
  std::uint64_t Hash() const;

  bool HasDescriptors(int process) const;
  // Whether the process has a lock on the file that the path names.
  bool HasLockAtPath(int process) const;
  bool IsPathFree() const { return path_ == 0; }
  // Of the file that the path names.
  const std::string& Content() const { return files_[path_].content; }

 private:
  static constexpr int kMaxFiles = 8;
  static constexpr int kMaxDescriptors = 6;

  struct File {
    std::string content;
    mode_t mode = 0;
  };
  struct Descriptor {
    int file = 0;  // 0: closed
    Held held = Held::kNone;
    bool writable = false;
  };

  const Descriptor* Find(int process, int fd) const;
  Descriptor* Find(int process, int fd);
  int Allocate(int process, int file, bool writable);
  int CreateFile(mode_t mode);
  bool IsInUse(int file) const;
  int Stat(int file, struct stat* info) const;

  int path_ = 0;  // the inode number of the file that the path names; 0: none
  std::array<File, kMaxFiles> files_;
  std::array<std::array<Descriptor, kMaxDescriptors>, kProcesses> tables_;
};

// For hashes of states: mixes a number into a hash.
inline std::uint64_t Mix(std::uint64_t hash, std::uint64_t value) {
  hash = (hash ^ value) * 0x9E3779B97F4A7C15U;
  return hash ^ (hash >> 29);
}

}  // namespace gateway_lock::test
