#include <fcntl.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "interleavings_kernel.h"
#include "test.h"

// Uses syscall() directly, because the linker redirects the libc functions to the scheduler.
namespace gateway_lock::test {
namespace {

long Call(long result) { return result < 0 ? -errno : result; }

int Stat(int fd, const char* path, int flags, struct stat* info) {
  int result = static_cast<int>(Call(syscall(SYS_newfstatat, fd, path, info, flags)));
  info->st_dev = Kernel::kDevice;
  return result;
}

}  // namespace

RealKernel::RealKernel(const std::string* leftover) {
  const char* chosen = std::getenv("TMPDIR");
  folder_ = std::string(chosen != nullptr ? chosen : "/tmp") + "/gateway-lock-os-XXXXXX";
  CHECK(mkdtemp(folder_.data()) != nullptr);
  path_ = folder_ + "/a.lock";
  if (leftover == nullptr) return;
  int fd = Open(0, O_RDWR | O_CREAT, 0600);
  CHECK(Write(0, fd, *leftover, 0) == static_cast<long>(leftover->size()));
  (void)Close(0, fd);
}

RealKernel::~RealKernel() {
  for (int process = 0; process < kProcesses; ++process) End(process);
  (void)Unlink();
  (void)rmdir(folder_.c_str());
}

int RealKernel::Open(int process, int flags, mode_t mode) {
  long fd = Call(syscall(SYS_openat, AT_FDCWD, path_.c_str(), flags, mode));
  if (fd < 0) return static_cast<int>(fd);
  for (int index = 0; index < kMaxDescriptors; ++index) {
    Descriptor& descriptor = tables_[process][index];
    if (descriptor.fd >= 0) continue;
    descriptor = {static_cast<int>(fd), Held::kNone};
    return index + kFirstDescriptor;
  }
  CHECK(false);
  return -EMFILE;
}

int RealKernel::Close(int process, int fd) {
  int result = static_cast<int>(Call(syscall(SYS_close, Real(process, fd))));
  if (result == 0) tables_[process][fd - kFirstDescriptor] = {};
  return result;
}

int RealKernel::Unlink() {
  return static_cast<int>(Call(syscall(SYS_unlinkat, AT_FDCWD, path_.c_str(), 0)));
}

int RealKernel::StatPath(struct stat* info) const {
  return Stat(AT_FDCWD, path_.c_str(), AT_SYMLINK_NOFOLLOW, info);
}

int RealKernel::StatDescriptor(int process, int fd, struct stat* info) const {
  return Stat(Real(process, fd), "", AT_EMPTY_PATH, info);
}

int RealKernel::ChangeMode(int process, int fd, mode_t mode) {
  return static_cast<int>(Call(syscall(SYS_fchmod, Real(process, fd), mode)));
}

long RealKernel::Read(int process, int fd, std::size_t size, std::size_t offset, char* out) const {
  return Call(syscall(SYS_pread64, Real(process, fd), out, size, offset));
}

long RealKernel::Write(int process, int fd, const std::string& text, std::size_t offset) {
  return Call(syscall(SYS_pwrite64, Real(process, fd), text.data(), text.size(), offset));
}

int RealKernel::Truncate(int process, int fd, std::size_t size) {
  return static_cast<int>(Call(syscall(SYS_ftruncate, Real(process, fd), size)));
}

int RealKernel::Unlock(int process, int fd) {
  int result = static_cast<int>(Call(syscall(SYS_flock, Real(process, fd), LOCK_UN)));
  if (result == 0) tables_[process][fd - kFirstDescriptor].held = Held::kNone;
  return result;
}

int RealKernel::Lock(int process, int fd, Held wanted) {
  int operation = (wanted == Held::kExclusive ? LOCK_EX : LOCK_SH) | LOCK_NB;
  int result = static_cast<int>(Call(syscall(SYS_flock, Real(process, fd), operation)));
  if (result == 0) tables_[process][fd - kFirstDescriptor].held = wanted;
  return result;
}

Held RealKernel::LockOf(int process, int fd) const {
  return Real(process, fd) < 0 ? Held::kNone : tables_[process][fd - kFirstDescriptor].held;
}

void RealKernel::End(int process) {
  for (int index = 0; index < kMaxDescriptors; ++index) {
    if (tables_[process][index].fd >= 0) (void)Close(process, index + kFirstDescriptor);
  }
}

bool RealKernel::HasDescriptors(int process) const {
  for (const Descriptor& descriptor : tables_[process]) {
    if (descriptor.fd >= 0) return true;
  }
  return false;
}

bool RealKernel::HasLockAtPath(int process) const {
  struct stat at_path = {};
  if (StatPath(&at_path) != 0) return false;
  for (const Descriptor& descriptor : tables_[process]) {
    struct stat info = {};
    bool locked =
        descriptor.held != Held::kNone && Stat(descriptor.fd, "", AT_EMPTY_PATH, &info) == 0;
    if (locked && info.st_ino == at_path.st_ino) return true;
  }
  return false;
}

bool RealKernel::IsPathFree() const {
  struct stat info = {};
  return StatPath(&info) == -ENOENT;
}

std::string RealKernel::Content() const {
  long fd = Call(syscall(SYS_openat, AT_FDCWD, path_.c_str(), O_RDONLY | O_CLOEXEC, 0));
  if (fd < 0) return {};
  char text[4096];
  long size = Call(syscall(SYS_pread64, fd, text, sizeof text, 0));
  (void)syscall(SYS_close, fd);
  return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : std::string();
}

int RealKernel::Real(int process, int fd) const {
  int index = fd - kFirstDescriptor;
  return index < 0 || index >= kMaxDescriptors ? -1 : tables_[process][index].fd;
}

}  // namespace gateway_lock::test
