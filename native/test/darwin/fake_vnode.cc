#include "fake_vnode.h"

#include <sys/event.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <set>
#include <utility>

extern "C" int __real_close(int fd);

namespace gateway_lock::darwin {
namespace {

using namespace std::chrono_literals;

constexpr auto kMaxUnlockDelay = 200ms;
constexpr std::uint32_t kInterest = IN_ATTRIB | IN_MODIFY | IN_CLOSE | IN_MOVE_SELF;

// Returns the pids of the processes that hold a flock() lock on the file, from lines of /proc/locks
// such as "1: FLOCK ADVISORY WRITE 5863 fe:00:2146466 0 EOF".
std::string HoldersOf(const struct stat& file) {
  char wanted[64];
  std::snprintf(wanted, sizeof wanted, " %02x:%02x:%llu ", major(file.st_dev), minor(file.st_dev),
                static_cast<unsigned long long>(file.st_ino));
  std::ifstream locks("/proc/locks");
  std::string holders;
  for (std::string line; std::getline(locks, line);) {
    bool held = line.find("FLOCK") != std::string::npos && line.find("->") == std::string::npos;
    std::size_t at = line.find(wanted);
    if (!held || at == std::string::npos) continue;
    std::size_t pid = line.rfind(' ', at - 1);
    holders += line.substr(pid, at - pid);
  }
  return holders;
}

int inotify = -1;
std::set<Vnode*>& vnodes = *new std::set<Vnode*>();

}  // namespace

Vnode::Vnode(int fd) : file_(fd) {
  if (vnodes.empty()) inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  vnodes.insert(this);
  std::string link = "/proc/self/fd/" + std::to_string(fd);
  watch_ = inotify_add_watch(inotify, link.c_str(), kInterest);
  known_ = ReadFacts();
}

Vnode::~Vnode() {
  vnodes.erase(this);
  if (vnodes.empty()) {
    __real_close(inotify);
    return;
  }
  for (const Vnode* other : vnodes) {
    if (other->watch_ == watch_) return;
  }
  (void)inotify_rm_watch(inotify, watch_);
}

int Vnode::source() const { return watch_ < 0 ? -1 : inotify; }

void Vnode::ReadEvents() {
  alignas(inotify_event) char buffer[4096];
  ssize_t length = 0;
  while ((length = read(inotify, buffer, sizeof buffer)) > 0) {
    for (ssize_t at = 0; at < length;) {
      inotify_event event;
      std::memcpy(&event, buffer + at, sizeof event);
      for (Vnode* vnode : vnodes) {
        if (vnode->watch_ == event.wd) vnode->mask_ |= event.mask;
      }
      at += static_cast<ssize_t>(sizeof event + event.len);
    }
  }
}

Vnode::Facts Vnode::ReadFacts() const {
  struct stat info = {};
  (void)fstat(file_, &info);
  return {info.st_nlink, info.st_size, HoldersOf(info)};
}

bool Vnode::IsLockUncertain() const {
  return std::chrono::steady_clock::now() - closed_at_ < kMaxUnlockDelay;
}

std::uint32_t Vnode::TakeHints() {
  ReadEvents();
  std::uint32_t mask = std::exchange(mask_, 0);
  if ((mask & IN_CLOSE) != 0) closed_at_ = std::chrono::steady_clock::now();
  if (mask == 0 && !IsLockUncertain()) return 0;
  Facts now = ReadFacts();
  std::uint32_t hints = HintsOf(mask, now);
  known_ = now;
  return hints;
}

std::uint32_t Vnode::HintsOf(std::uint32_t mask, const Facts& now) {
  std::uint32_t hints = 0;
  // Follows VNOP_REMOVE, VNOP_LINK, VNOP_SETATTR and VNOP_RENAME in bsd/vfs/kpi_vfs.c.
  if (now.links < known_.links) hints |= NOTE_DELETE | NOTE_LINK;
  if (now.links > known_.links) hints |= NOTE_LINK;
  if ((mask & IN_ATTRIB) != 0 && now.links == known_.links) hints |= NOTE_ATTRIB;
  if ((mask & IN_MOVE_SELF) != 0) hints |= NOTE_RENAME;
  // XNU implements ftruncate() with VNOP_SETATTR, and write() with VNOP_WRITE.
  if ((mask & IN_MODIFY) != 0) hints |= now.size < known_.size ? NOTE_ATTRIB : NOTE_WRITE;
  if (now.size > known_.size) hints |= NOTE_EXTEND;
  // Follows VNOP_ADVLOCK, which reports every F_UNLCK of flock(), including the one in
  // vn_closefile(). XNU does not report closing a descriptor that never had the lock (FWASLOCKED).
  bool unlocked = IsLockUncertain() && (now.holders.empty() || now.holders != known_.holders);
  if (!unlocked) return hints;
  closed_at_ = {};
  return hints | NOTE_FUNLOCK;
}

}  // namespace gateway_lock::darwin
