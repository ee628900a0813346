// The system calls that native/os makes, redirected to this file by the linker (--wrap,
// interleavings.cmake). An actor's call goes to the simulated kernel; any other call goes to the
// real one.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <functional>
#include <string>

#include "interleavings_scheduler.h"

namespace {

using gateway_lock::test::Actor;
using gateway_lock::test::Fault;
using gateway_lock::test::Held;
using gateway_lock::test::Kernel;
using gateway_lock::test::Mix;
using gateway_lock::test::Phase;
using gateway_lock::test::Scheduler;

// The value of `told` for the last call of an attempt that starts over.
constexpr std::uint64_t kStartsOver = ~std::uint64_t{0};

int Fail(int code) {
  errno = code;
  return -1;
}

bool Lies(Scheduler& scheduler, Fault fault, Phase phase) {
  return scheduler.fault() == fault && scheduler.actor().phase() == phase;
}

// Waits for the actor's turn, then makes the call. `effect` returns the result of the call or a
// negative errno, and sets `told` to a hash of everything else that the actor learns from it.
template <typename Effect>
long Make(const char* name, Effect effect) {
  Scheduler& scheduler = *Scheduler::Current();
  if (!scheduler.Await(name)) return Fail(EIO);
  std::uint64_t told = 0;
  long result = effect(scheduler.kernel(), scheduler.actor(), &told);
  scheduler.Answer(result, told);
  if (told == kStartsOver) scheduler.actor().StartOver();
  return result < 0 ? Fail(static_cast<int>(-result)) : result;
}

// Like Make(), for a call on a descriptor. With the planted fault kUnlockFirst, the release has
// already dropped the descriptor's lock before the call.
template <typename Effect>
long MakeOn(int fd, const char* name, Effect effect) {
  return Make(name, [&](Kernel& kernel, Actor& actor, std::uint64_t* told) {
    if (Lies(*Scheduler::Current(), Fault::kUnlockFirst, Phase::kReleasing)) {
      (void)kernel.Unlock(actor.process(), fd);
    }
    return static_cast<long>(effect(kernel, actor, told));
  });
}

std::uint64_t Told(const struct stat& info) {
  return Mix(Mix(info.st_ino, info.st_mode), static_cast<std::uint64_t>(info.st_size));
}

// Returns true if the attempt to acquire starts over, because its path names no file or another
// one.
bool StartsOver(const Kernel& kernel, const Actor& actor) {
  return actor.phase() == Phase::kAcquiring && !kernel.HasDescriptors(actor.process());
}

}  // namespace

extern "C" {

int __real_open(const char* path, int flags, ...);
int __real_close(int fd);
int __real_flock(int fd, int operation);
int __real_fstat(int fd, struct stat* info);
int __real_lstat(const char* path, struct stat* info);
int __real_stat(const char* path, struct stat* info);
int __real_unlink(const char* path);
int __real_fchmod(int fd, mode_t mode);
int __real_fstatfs(int fd, struct statfs* info);
ssize_t __real_pread(int fd, void* buffer, size_t size, off_t offset);
ssize_t __real_pwrite(int fd, const void* buffer, size_t size, off_t offset);
int __real_ftruncate(int fd, off_t size);

int __wrap_open(const char* path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  mode_t mode = (flags & O_CREAT) ? static_cast<mode_t>(va_arg(list, int)) : 0;
  va_end(list);
  if (Scheduler::Current() == nullptr) return __real_open(path, flags, mode);
  const char* name = (flags & O_CREAT) ? "open(O_CREAT | O_EXCL)" : "open()";
  return static_cast<int>(Make(name, [&](Kernel& kernel, Actor& actor, auto* told) {
    int fd = kernel.Open(actor.process(), flags, mode);
    bool gone = fd == -ENOENT && actor.last_opened == -EEXIST;
    if (gone && StartsOver(kernel, actor)) *told = kStartsOver;
    actor.last_opened = fd;
    return static_cast<long>(fd);
  }));
}

int __wrap_close(int fd) {
  if (Scheduler::Current() == nullptr) return __real_close(fd);
  return static_cast<int>(MakeOn(fd, "close()", [&](auto& kernel, Actor& actor, auto* told) {
    int result = kernel.Close(actor.process(), fd);
    if (StartsOver(kernel, actor)) *told = kStartsOver;
    return result;
  }));
}

// A conversion has two steps, and another process may lock the file in between (man 2 flock).
int __wrap_flock(int fd, int operation) noexcept {
  if (Scheduler::Current() == nullptr) return __real_flock(fd, operation);
  Scheduler& scheduler = *Scheduler::Current();
  auto drop = [&](auto& kernel, Actor& actor, std::uint64_t*) {
    return kernel.Unlock(actor.process(), fd);
  };
  if (operation & LOCK_UN) return static_cast<int>(MakeOn(fd, "flock(LOCK_UN)", drop));
  Held wanted = (operation & LOCK_EX) ? Held::kExclusive : Held::kShared;
  const char* name = wanted == Held::kExclusive ? "flock(LOCK_EX)" : "flock(LOCK_SH)";
  bool lies = Lies(scheduler, Fault::kRemoveUnlocked, Phase::kReleasing);
  if (lies) return static_cast<int>(MakeOn(fd, name, [](auto&, Actor&, auto*) { return 0; }));
  Held before = scheduler.kernel().LockOf(scheduler.actor().process(), fd);
  if (before != Held::kNone && before != wanted) (void)MakeOn(fd, "flock() drops the lock", drop);
  return static_cast<int>(MakeOn(fd, name, [&](auto& kernel, Actor& actor, std::uint64_t*) {
    return kernel.Lock(actor.process(), fd, wanted);
  }));
}

int __wrap_fstat(int fd, struct stat* info) noexcept {
  if (Scheduler::Current() == nullptr) return __real_fstat(fd, info);
  return static_cast<int>(MakeOn(fd, "fstat()", [&](auto& kernel, Actor& actor, auto* told) {
    int result = kernel.StatDescriptor(actor.process(), fd, info);
    // native/os does not use the size from fstat(). Clearing it makes more states equal.
    info->st_size = 0;
    if (result == 0) *told = Told(*info);
    return result;
  }));
}

int __wrap_lstat(const char* path, struct stat* info) noexcept {
  if (Scheduler::Current() == nullptr) return __real_lstat(path, info);
  return static_cast<int>(Make("lstat()", [&](auto& kernel, Actor& actor, std::uint64_t* told) {
    bool lies = Lies(*Scheduler::Current(), Fault::kNoComparison, Phase::kAcquiring);
    int result = lies ? kernel.StatDescriptor(actor.process(), actor.last_opened, info)
                      : kernel.StatPath(info);
    if (result == 0) *told = Told(*info);
    return static_cast<long>(result);
  }));
}

int __wrap_unlink(const char* path) noexcept {
  if (Scheduler::Current() == nullptr) return __real_unlink(path);
  return static_cast<int>(Make("unlink()", [](auto& kernel, Actor&, std::uint64_t*) {
    return static_cast<long>(kernel.Unlink());
  }));
}

int __wrap_fchmod(int fd, mode_t mode) noexcept {
  if (Scheduler::Current() == nullptr) return __real_fchmod(fd, mode);
  return static_cast<int>(MakeOn(fd, "fchmod()", [&](auto& kernel, Actor& actor, auto*) {
    return kernel.ChangeMode(actor.process(), fd, mode);
  }));
}

ssize_t __wrap_pread(int fd, void* buffer, size_t size, off_t offset) {
  if (Scheduler::Current() == nullptr) return __real_pread(fd, buffer, size, offset);
  return MakeOn(fd, "pread()", [&](auto& kernel, Actor& actor, std::uint64_t* told) {
    auto* text = static_cast<char*>(buffer);
    long count = kernel.Read(actor.process(), fd, size, static_cast<size_t>(offset), text);
    // What a refused process reads does not affect its later calls (see ReadHolder()).
    bool decides = actor.phase() != Phase::kAcquiring;
    if (count > 0 && decides) *told = std::hash<std::string>()({text, static_cast<size_t>(count)});
    return count;
  });
}

ssize_t __wrap_pwrite(int fd, const void* buffer, size_t size, off_t offset) {
  if (Scheduler::Current() == nullptr) return __real_pwrite(fd, buffer, size, offset);
  return MakeOn(fd, "pwrite()", [&](auto& kernel, Actor& actor, auto*) {
    std::string text(static_cast<const char*>(buffer), size);
    return kernel.Write(actor.process(), fd, text, static_cast<size_t>(offset));
  });
}

int __wrap_ftruncate(int fd, off_t size) noexcept {
  if (Scheduler::Current() == nullptr) return __real_ftruncate(fd, size);
  return static_cast<int>(MakeOn(fd, "ftruncate()", [&](auto& kernel, Actor& actor, auto*) {
    return kernel.Truncate(actor.process(), fd, static_cast<size_t>(size));
  }));
}

// The results of stat() and fstatfs() never change, so the scheduler need not choose when they run.
int __wrap_stat(const char* path, struct stat* info) noexcept {
  if (Scheduler::Current() == nullptr) return __real_stat(path, info);
  *info = {};
  info->st_mode = S_IFDIR | 0700;
  info->st_uid = geteuid();
  return 0;
}

int __wrap_fstatfs(int fd, struct statfs* info) noexcept {
  if (Scheduler::Current() == nullptr) return __real_fstatfs(fd, info);
  *info = {};
  return 0;
}

}  // extern "C"
