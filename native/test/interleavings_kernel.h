// The part of a kernel that native/os uses to lock files: one path, the files it has named,
// descriptors and flock().
//
// Inode and descriptor numbers are reused as early as possible, because that is the hardest case
// for a comparison of inodes.
#pragma once

#include <sys/stat.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace gateway_lock::test {

enum class Held : unsigned char { kNone, kShared, kExclusive };

// Each of the processes 0 to kProcesses - 1 has its own descriptor table. Each call is atomic, and
// returns a result or a negative errno.
class Kernel {
 public:
  static constexpr int kProcesses = 4;
  // The first descriptor that a process gets. Each new descriptor gets the lowest free number.
  static constexpr int kFirstDescriptor = 3;
  static constexpr int kMaxDescriptors = 6;
  // The device of every file, including those of RealKernel, so that a FileSystemCache is valid in
  // all runs.
  static constexpr dev_t kDevice = 77;

  virtual ~Kernel() = default;

  virtual int Open(int process, int flags, mode_t mode) = 0;
  virtual int Close(int process, int fd) = 0;
  virtual int Unlink() = 0;
  virtual int StatPath(struct stat* info) const = 0;
  virtual int StatDescriptor(int process, int fd, struct stat* info) const = 0;
  virtual int ChangeMode(int process, int fd, mode_t mode) = 0;
  virtual long Read(int process, int fd, std::size_t size, std::size_t offset, char* out) const = 0;
  virtual long Write(int process, int fd, const std::string& text, std::size_t offset) = 0;
  virtual int Truncate(int process, int fd, std::size_t size) = 0;

  // Unlock() and Lock() are the two steps of flock(2): a conversion first drops the descriptor's
  // lock.
  virtual int Unlock(int process, int fd) = 0;
  virtual int Lock(int process, int fd, Held wanted) = 0;
  virtual Held LockOf(int process, int fd) const = 0;

  // Ends a process: closes its descriptors, which drops its locks.
  virtual void End(int process) = 0;

  // Called by the checks only:
  virtual bool HasDescriptors(int process) const = 0;
  // Returns true if the process has a lock on the file that the path names.
  virtual bool HasLockAtPath(int process) const = 0;
  virtual bool IsPathFree() const = 0;
  // Returns the content of the file that the path names.
  virtual std::string Content() const = 0;

  // Returns the same hash for two kernels that return the same results to all later calls.
  virtual std::uint64_t Hash() const = 0;
};

// A kernel in memory.
class SimulatedKernel : public Kernel {
 public:
  explicit SimulatedKernel(const std::string* leftover);

  int Open(int process, int flags, mode_t mode) override;
  int Close(int process, int fd) override;
  int Unlink() override;
  int StatPath(struct stat* info) const override;
  int StatDescriptor(int process, int fd, struct stat* info) const override;
  int ChangeMode(int process, int fd, mode_t mode) override;
  long Read(int process, int fd, std::size_t size, std::size_t offset, char* out) const override;
  long Write(int process, int fd, const std::string& text, std::size_t offset) override;
  int Truncate(int process, int fd, std::size_t size) override;
  int Unlock(int process, int fd) override;
  int Lock(int process, int fd, Held wanted) override;
  Held LockOf(int process, int fd) const override;
  void End(int process) override;
  bool HasDescriptors(int process) const override;
  bool HasLockAtPath(int process) const override;
  bool IsPathFree() const override { return path_ == 0; }
  std::string Content() const override { return files_[path_].content; }
  std::uint64_t Hash() const override;

 private:
  static constexpr int kMaxFiles = 8;

  struct File {
    std::string content;
    mode_t mode = 0;
  };
  struct Descriptor {
    int file = 0;  // 0 if the descriptor is closed
    Held held = Held::kNone;
    bool writable = false;
  };

  const Descriptor* Find(int process, int fd) const;
  Descriptor* Find(int process, int fd);
  int Allocate(int process, int file, bool writable);
  int CreateFile(mode_t mode);
  bool IsInUse(int file) const;
  int Stat(int file, struct stat* info) const;

  int path_ = 0;  // the inode number of the file that the path names, or 0
  std::array<File, kMaxFiles> files_;
  std::array<std::array<Descriptor, kMaxDescriptors>, kProcesses> tables_;
};

// The real kernel of the machine that runs the test. The lock file is the only file in its
// directory. SimulatedKernel is compared with it.
class RealKernel : public Kernel {
 public:
  explicit RealKernel(const std::string* leftover);
  ~RealKernel() override;
  RealKernel(const RealKernel&) = delete;
  RealKernel& operator=(const RealKernel&) = delete;

  int Open(int process, int flags, mode_t mode) override;
  int Close(int process, int fd) override;
  int Unlink() override;
  int StatPath(struct stat* info) const override;
  int StatDescriptor(int process, int fd, struct stat* info) const override;
  int ChangeMode(int process, int fd, mode_t mode) override;
  long Read(int process, int fd, std::size_t size, std::size_t offset, char* out) const override;
  long Write(int process, int fd, const std::string& text, std::size_t offset) override;
  int Truncate(int process, int fd, std::size_t size) override;
  int Unlock(int process, int fd) override;
  int Lock(int process, int fd, Held wanted) override;
  Held LockOf(int process, int fd) const override;
  void End(int process) override;
  bool HasDescriptors(int process) const override;
  bool HasLockAtPath(int process) const override;
  bool IsPathFree() const override;
  std::string Content() const override;
  std::uint64_t Hash() const override { return 0; }

 private:
  struct Descriptor {
    int fd = -1;
    Held held = Held::kNone;
  };

  // Returns the real descriptor behind a simulated process's descriptor, or -1 if there is none.
  int Real(int process, int fd) const;

  std::string folder_;
  std::string path_;
  std::array<std::array<Descriptor, kMaxDescriptors>, kProcesses> tables_;
};

// Mixes a number into the hash of a state.
inline std::uint64_t Mix(std::uint64_t hash, std::uint64_t value) {
  hash = (hash ^ value) * 0x9E3779B97F4A7C15U;
  return hash ^ (hash >> 29);
}

}  // namespace gateway_lock::test
