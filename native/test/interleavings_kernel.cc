#include "interleavings_kernel.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>

#include "test.h"

namespace gateway_lock::test {
SimulatedKernel::SimulatedKernel(const std::string* leftover) {
  if (leftover == nullptr) return;
  path_ = CreateFile(0600);
  files_[path_].content = *leftover;
}

int SimulatedKernel::Open(int process, int flags, mode_t mode) {
  bool writable = (flags & O_ACCMODE) != O_RDONLY;
  if (path_ != 0) {
    bool exclusive = (flags & O_CREAT) && (flags & O_EXCL);
    return exclusive ? -EEXIST : Allocate(process, path_, writable);
  }
  if (!(flags & O_CREAT)) return -ENOENT;
  path_ = CreateFile(mode);
  return Allocate(process, path_, writable);
}

int SimulatedKernel::Close(int process, int fd) {
  Descriptor* descriptor = Find(process, fd);
  if (descriptor == nullptr) return -EBADF;
  *descriptor = {};
  return 0;
}

int SimulatedKernel::Unlink() {
  if (path_ == 0) return -ENOENT;
  path_ = 0;
  return 0;
}

int SimulatedKernel::StatPath(struct stat* info) const {
  return path_ == 0 ? -ENOENT : Stat(path_, info);
}

int SimulatedKernel::StatDescriptor(int process, int fd, struct stat* info) const {
  const Descriptor* descriptor = Find(process, fd);
  return descriptor == nullptr ? -EBADF : Stat(descriptor->file, info);
}

int SimulatedKernel::ChangeMode(int process, int fd, mode_t mode) {
  const Descriptor* descriptor = Find(process, fd);
  if (descriptor == nullptr) return -EBADF;
  files_[descriptor->file].mode = mode;
  return 0;
}

long SimulatedKernel::Read(int process, int fd, std::size_t size, std::size_t offset,
                           char* out) const {
  const Descriptor* descriptor = Find(process, fd);
  if (descriptor == nullptr) return -EBADF;
  const std::string& content = files_[descriptor->file].content;
  if (offset >= content.size()) return 0;
  return static_cast<long>(content.copy(out, size, offset));
}

long SimulatedKernel::Write(int process, int fd, const std::string& text, std::size_t offset) {
  const Descriptor* descriptor = Find(process, fd);
  if (descriptor == nullptr || !descriptor->writable) return -EBADF;
  std::string& content = files_[descriptor->file].content;
  content.resize(std::max(content.size(), offset + text.size()));
  content.replace(offset, text.size(), text);
  return static_cast<long>(text.size());
}

int SimulatedKernel::Truncate(int process, int fd, std::size_t size) {
  const Descriptor* descriptor = Find(process, fd);
  if (descriptor == nullptr || !descriptor->writable) return -EBADF;
  files_[descriptor->file].content.resize(size);
  return 0;
}

int SimulatedKernel::Unlock(int process, int fd) {
  Descriptor* descriptor = Find(process, fd);
  if (descriptor == nullptr) return -EBADF;
  descriptor->held = Held::kNone;
  return 0;
}

int SimulatedKernel::Lock(int process, int fd, Held wanted) {
  Descriptor* descriptor = Find(process, fd);
  if (descriptor == nullptr) return -EBADF;
  for (const auto& table : tables_) {
    for (const Descriptor& other : table) {
      if (&other == descriptor || other.file != descriptor->file) continue;
      if (other.held == Held::kExclusive) return -EWOULDBLOCK;
      if (other.held == Held::kShared && wanted == Held::kExclusive) return -EWOULDBLOCK;
    }
  }
  descriptor->held = wanted;
  return 0;
}

Held SimulatedKernel::LockOf(int process, int fd) const {
  const Descriptor* descriptor = Find(process, fd);
  return descriptor == nullptr ? Held::kNone : descriptor->held;
}

void SimulatedKernel::End(int process) { tables_[process] = {}; }

std::uint64_t SimulatedKernel::Hash() const {
  std::uint64_t hash = Mix(1, static_cast<std::uint64_t>(path_));
  for (int file = 1; file < kMaxFiles; ++file) {
    if (!IsInUse(file)) continue;
    hash = Mix(Mix(hash, static_cast<std::uint64_t>(file)), files_[file].mode);
    hash = Mix(hash, std::hash<std::string>()(files_[file].content));
  }
  for (const auto& table : tables_) {
    for (const Descriptor& descriptor : table) {
      auto bits = static_cast<std::uint64_t>(descriptor.file) * 8;
      bits += static_cast<std::uint64_t>(descriptor.held) * 2 + (descriptor.writable ? 1 : 0);
      hash = Mix(hash, bits);
    }
  }
  return hash;
}

bool SimulatedKernel::HasDescriptors(int process) const {
  const auto& table = tables_[process];
  return std::any_of(table.begin(), table.end(), [](const auto& one) { return one.file != 0; });
}

bool SimulatedKernel::HasLockAtPath(int process) const {
  const auto& table = tables_[process];
  return path_ != 0 && std::any_of(table.begin(), table.end(), [&](const auto& one) {
           return one.file == path_ && one.held != Held::kNone;
         });
}

const SimulatedKernel::Descriptor* SimulatedKernel::Find(int process, int fd) const {
  int index = fd - kFirstDescriptor;
  if (index < 0 || index >= kMaxDescriptors) return nullptr;
  const Descriptor& descriptor = tables_[process][index];
  return descriptor.file == 0 ? nullptr : &descriptor;
}

SimulatedKernel::Descriptor* SimulatedKernel::Find(int process, int fd) {
  return const_cast<Descriptor*>(static_cast<const SimulatedKernel*>(this)->Find(process, fd));
}

int SimulatedKernel::Allocate(int process, int file, bool writable) {
  for (int index = 0; index < kMaxDescriptors; ++index) {
    Descriptor& descriptor = tables_[process][index];
    if (descriptor.file != 0) continue;
    descriptor = {file, Held::kNone, writable};
    return index + kFirstDescriptor;
  }
  return -EMFILE;
}

int SimulatedKernel::CreateFile(mode_t mode) {
  int file = 1;
  while (file < kMaxFiles && IsInUse(file)) ++file;
  CHECK(file < kMaxFiles);
  files_[file] = {"", mode};
  return file;
}

bool SimulatedKernel::IsInUse(int file) const {
  if (file == path_) return true;
  for (const auto& table : tables_) {
    for (const Descriptor& descriptor : table) {
      if (descriptor.file == file) return true;
    }
  }
  return false;
}

int SimulatedKernel::Stat(int file, struct stat* info) const {
  *info = {};
  info->st_dev = kDevice;
  info->st_ino = static_cast<ino_t>(file);
  info->st_mode = S_IFREG | files_[file].mode;
  info->st_nlink = file == path_ ? 1 : 0;
  info->st_uid = geteuid();
  info->st_size = static_cast<off_t>(files_[file].content.size());
  return 0;
}

}  // namespace gateway_lock::test
