#include "release_events.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "posix_file.h"
#include "unique_handle.h"

namespace gateway_lock {
namespace {

// The number of pidfd_open(2), the same on every architecture. Old headers do not define it.
constexpr auto kPidfdOpenCall = 434;

// Identify the two descriptors that are not pidfds. All tokens are smaller.
constexpr std::uint64_t kInotify = UINT64_MAX;
constexpr std::uint64_t kInterrupt = UINT64_MAX - 1;

// The events of a file that is removed or renamed. IN_ATTRIB reports an unlink, because it changes
// the link count. IN_DELETE_SELF alone would be too late: it is reported only when the last
// descriptor is closed, and the waiters have the file open.
constexpr std::uint32_t kFileGone =
    IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED;
// The events to request from the kernel. IN_MODIFY reports the truncate with which our holder
// releases a kept file. The close alone would not be enough, because it is not reported while a
// child has a copy of the descriptor. IN_CLOSE reports the close that ends such a release, and the
// close by any other kind of holder, which may have opened the file for reading, as flock(1) does.
constexpr std::uint32_t kRequestable =
    IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_MODIFY | IN_CLOSE;

// Opens a pidfd. Returns an invalid handle on a kernel before 5.3, if a seccomp filter refuses the
// call, if there is no such process, or if the descriptor limit is reached.
FileHandle OpenProcess(std::int64_t pid) {
  if (pid <= 0 || pid > INT32_MAX) return FileHandle();
  return FileHandle(syscall(kPidfdOpenCall, static_cast<int>(pid), 0));
}

// How long to wait for the close after a truncate, in milliseconds.
constexpr int kCloseTimeoutMs = 1;

// The size of the buffer for the events of one wait, in bytes.
constexpr std::size_t kEventBytes = 4096;

std::uint32_t LastMask(const char* events, ssize_t length) {
  inotify_event last;  // has no name, because only files are watched, no directories
  std::memcpy(&last, events + length - sizeof last, sizeof last);
  return last.mask;
}

class LinuxEvents : public ReleaseEvents {
 public:
  Status Start();
  Status Add(Token token, const std::string& path, std::int64_t owner_pid,
             WatchScope* scope) override;
  void Remove(Token token) override;
  void Interrupt() override;
  WaitResult Wait(int timeout_ms, std::vector<Token>* reported) override;

 private:
  struct Watch {
    int file = -1;  // the inotify watch of the inode; tokens may share it
    std::uint32_t interest = 0;
    FileHandle owner;  // a pidfd, readable once the process has ended
  };

  Status Poll(const FileHandle& file, std::uint64_t data) const;
  bool WatchOwner(Token token, std::int64_t pid, FileHandle* owner) const;
  void ReadFileEvents(std::vector<Token>* reported);
  ssize_t ReadUntilClose(char (&buffer)[kEventBytes]) const;
  void Match(int file, std::uint32_t mask, std::vector<Token>* reported);
  void Retire(Token token, std::vector<Token>* reported);
  void DropRetired();
  void Drop(Token token);
  void DropFile(int file) const;

  FileHandle poller_;
  FileHandle inotify_;
  FileHandle interrupt_;
  std::mutex mutex_;
  std::unordered_map<Token, Watch> watches_;  // guarded by mutex_
  // The watches that the last Wait() has reported. Only the watcher thread uses them.
  std::vector<Watch> retired_;
};

Status LinuxEvents::Start() {
  poller_ = FileHandle(epoll_create1(EPOLL_CLOEXEC));
  if (!poller_.valid()) return Status::SystemError(errno, "epoll_create1");
  // EMFILE can also mean that the user has reached fs.inotify.max_user_instances (128 by default).
  inotify_ = FileHandle(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!inotify_.valid()) return Status::SystemError(errno, "inotify_init1");
  interrupt_ = FileHandle(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!interrupt_.valid()) return Status::SystemError(errno, "eventfd");
  Status status = Poll(inotify_, kInotify);
  return status.ok() ? Poll(interrupt_, kInterrupt) : status;
}

Status LinuxEvents::Poll(const FileHandle& file, std::uint64_t data) const {
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data.u64 = data;
  return epoll_ctl(Fd(poller_), EPOLL_CTL_ADD, Fd(file), &event) == 0
             ? Status::Ok()
             : Status::SystemError(errno, "epoll_ctl");
}

Status LinuxEvents::Add(Token token, const std::string& path, std::int64_t owner_pid,
                        WatchScope* scope) {
  // Holds the mutex until the number of the new inotify watch is stored. Otherwise its first event
  // could arrive before the number is known, and would match no token.
  std::lock_guard<std::mutex> guard(mutex_);
  Watch next;
  bool sees_owner = WatchOwner(token, owner_pid, &next.owner);
  next.interest = kFileGone | IN_MODIFY | (sees_owner ? 0 : IN_CLOSE);
  // IN_MASK_ADD keeps the events of another token that watches the same file by another path.
  next.file =
      inotify_add_watch(Fd(inotify_), path.c_str(), kRequestable | IN_MASK_ADD | IN_DONT_FOLLOW);
  if (next.file < 0) {
    int code = errno;
    Drop(token);
    return code == ENOENT ? Status::Replaced() : Status::SystemError(code, "inotify_add_watch");
  }
  int before = std::exchange(watches_[token], std::move(next)).file;
  if (before >= 0) DropFile(before);
  *scope = sees_owner ? WatchScope::kOwner : WatchScope::kFile;
  return Status::Ok();
}

// Watches the owner process through a pidfd. The kernel reports the death of a process after it has
// closed the descriptors and dropped their locks (do_exit() closes files before it notifies), so a
// waiter woken by the death finds the lock free.
bool LinuxEvents::WatchOwner(Token token, std::int64_t pid, FileHandle* owner) const {
  *owner = OpenProcess(pid);
  return owner->valid() && Poll(*owner, token).ok();
}

void LinuxEvents::Remove(Token token) {
  std::lock_guard<std::mutex> guard(mutex_);
  Drop(token);
}

void LinuxEvents::Interrupt() {
  std::uint64_t one = 1;
  (void)!write(Fd(interrupt_), &one, sizeof one);
}

ReleaseEvents::WaitResult LinuxEvents::Wait(int timeout_ms, std::vector<Token>* reported) {
  DropRetired();
  epoll_event events[16];
  int count = epoll_wait(Fd(poller_), events, 16, timeout_ms);
  if (count < 0) return errno == EINTR ? WaitResult::kWoken : WaitResult::kFailed;
  for (int i = 0; i < count; ++i) {
    std::uint64_t source = events[i].data.u64;
    if (source == kInterrupt) {
      std::uint64_t times = 0;
      (void)!read(Fd(interrupt_), &times, sizeof times);
    } else if (source == kInotify) {
      ReadFileEvents(reported);
    } else {
      std::lock_guard<std::mutex> guard(mutex_);
      Retire(static_cast<Token>(source), reported);
    }
  }
  return count == 0 ? WaitResult::kTimeout : WaitResult::kWoken;
}

void LinuxEvents::ReadFileEvents(std::vector<Token>* reported) {
  alignas(inotify_event) char buffer[kEventBytes];
  ssize_t length = ReadUntilClose(buffer);
  std::lock_guard<std::mutex> guard(mutex_);
  for (ssize_t at = 0; at < length;) {
    inotify_event event;
    std::memcpy(&event, buffer + at, sizeof event);
    Match(event.wd, event.mask, reported);
    at += static_cast<ssize_t>(sizeof event + event.len);
  }
}

// Reads events. After a truncate also waits for the close, because our holder drops the lock in
// between. A waiter woken by the truncate would often be refused, since its threads interrupt the
// holder.
ssize_t LinuxEvents::ReadUntilClose(char (&buffer)[kEventBytes]) const {
  ssize_t length = read(Fd(inotify_), buffer, kEventBytes / 2);
  if (length <= 0 || (LastMask(buffer, length) & IN_MODIFY) == 0) return length;
  pollfd closing = {Fd(inotify_), POLLIN, 0};
  if (poll(&closing, 1, kCloseTimeoutMs) <= 0) return length;
  ssize_t more = read(Fd(inotify_), buffer + length, kEventBytes / 2);
  return more > 0 ? length + more : length;
}

void LinuxEvents::Match(int file, std::uint32_t mask, std::vector<Token>* reported) {
  std::vector<Token> matching;
  for (const auto& [token, watched] : watches_) {
    // After an overflow of the inotify queue, any token's event may be lost, so all tokens match.
    bool overflow = (mask & IN_Q_OVERFLOW) != 0;
    if (overflow || (watched.file == file && (watched.interest & mask) != 0)) {
      matching.push_back(token);
    }
  }
  for (Token token : matching) Retire(token, reported);
}

// Reports a token. Its watch no longer reports anything, but its descriptors are closed only by the
// next Wait(), so that the caller of this one can wake the waiter first.
void LinuxEvents::Retire(Token token, std::vector<Token>* reported) {
  auto found = watches_.find(token);
  if (found == watches_.end()) return;
  retired_.push_back(std::move(found->second));
  watches_.erase(found);
  reported->push_back(token);
}

void LinuxEvents::DropRetired() {
  std::lock_guard<std::mutex> guard(mutex_);
  for (const Watch& watch : retired_) DropFile(watch.file);
  retired_.clear();
}

void LinuxEvents::Drop(Token token) {
  auto found = watches_.find(token);
  if (found == watches_.end()) return;
  int file = found->second.file;
  watches_.erase(found);
  DropFile(file);
}

// Removes the inotify watch unless another token still uses it.
void LinuxEvents::DropFile(int file) const {
  for (const auto& [token, watched] : watches_) {
    if (watched.file == file) return;
  }
  (void)inotify_rm_watch(Fd(inotify_), file);
}

}  // namespace

Status ReleaseEvents::Open(std::unique_ptr<ReleaseEvents>* out) {
  auto events = std::make_unique<LinuxEvents>();
  Status status = events->Start();
  if (status.ok()) *out = std::move(events);
  return status;
}

}  // namespace gateway_lock
