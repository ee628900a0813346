#include "release_events.h"

#include <fcntl.h>
#include <sys/event.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "posix_file.h"
#include "unique_handle.h"

namespace gateway_lock {
namespace {

constexpr std::uintptr_t kInterrupt = 1;

// The events caused by a release. The file is removed or renamed, or the lock is dropped by LOCK_UN
// or by the last close, including the close by a dying process (VNOP_ADVLOCK in bsd/vfs/kpi_vfs.c).
// Closing a descriptor whose lock was refused is not reported, because it drops no lock. A holder
// that keeps the file truncates it just before dropping the lock (VNOP_SETATTR).
constexpr std::uint32_t kRelease =
    NOTE_DELETE | NOTE_RENAME | NOTE_LINK | NOTE_REVOKE | NOTE_FUNLOCK | NOTE_ATTRIB;

// Registers a filter with the queue. EV_CLEAR makes the kernel report each event once. Without it a
// triggered EVFILT_USER event stays active, so every wait returns at once and the thread uses a
// whole core until the process ends (filt_userprocess() in bsd/kern/kern_event.c).
bool Register(const FileHandle& queue, std::uintptr_t id, std::int16_t filter, std::uint32_t notes,
              std::uint64_t data = 0) {
  struct kevent64_s change = {};
  change.ident = id;
  change.filter = filter;
  change.flags = EV_ADD | EV_CLEAR;
  change.fflags = notes;
  change.udata = data;
  return kevent64(Fd(queue), &change, 1, nullptr, 0, 0, nullptr) == 0;
}

Status OpenQueue(FileHandle* out) {
  *out = FileHandle(kqueue());
  if (!out->valid()) return Status::SystemError(errno, "kqueue");
  (void)fcntl(Fd(*out), F_SETFD, FD_CLOEXEC);
  return Status::Ok();
}

// Opens the file with O_EVTONLY, so that the watch does not prevent an unmount of the volume.
Status OpenForEvents(const std::string& path, FileHandle* out) {
  *out = FileHandle(open(path.c_str(), O_EVTONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (out->valid()) return Status::Ok();
  return errno == ENOENT ? Status::Replaced() : Status::SystemError(errno, "open");
}

// Watches files and processes with kqueue. Each token has its own queue, registered in the thread's
// queue, because a queue can contain a process only once and two tokens may watch the same process.
class DarwinEvents : public ReleaseEvents {
 public:
  Status Start();
  Status Add(Token token, const std::string& path, std::int64_t owner_pid,
             WatchScope* scope) override;
  void Remove(Token token) override;
  void Interrupt() override;
  WaitResult Wait(int timeout_ms, std::vector<Token>* reported) override;

 private:
  struct Watch {
    FileHandle file;
    FileHandle queue;  // closed before the file
  };

  Status Connect(Token token, const std::string& path, const Watch& watch) const;

  FileHandle poller_;
  std::mutex mutex_;
  std::unordered_map<Token, Watch> watches_;  // guarded by mutex_
};

Status DarwinEvents::Start() {
  Status status = OpenQueue(&poller_);
  if (!status.ok()) return status;
  return Register(poller_, kInterrupt, EVFILT_USER, /*notes=*/0)
             ? Status::Ok()
             : Status::SystemError(errno, "kevent");
}

Status DarwinEvents::Add(Token token, const std::string& path, std::int64_t owner_pid,
                         WatchScope* scope) {
  Remove(token);
  Watch next;
  Status status = OpenForEvents(path, &next.file);
  if (status.ok()) status = OpenQueue(&next.queue);
  if (!status.ok()) return status;
  bool sees_owner = owner_pid > 0 && Register(next.queue, static_cast<std::uintptr_t>(owner_pid),
                                              EVFILT_PROC, NOTE_EXIT);
  std::lock_guard<std::mutex> guard(mutex_);
  status = Connect(token, path, next);
  if (!status.ok()) return status;
  watches_[token] = std::move(next);
  *scope = sees_owner ? WatchScope::kOwner : WatchScope::kFile;
  return Status::Ok();
}

// Registers the file in the token's queue, and the token's queue in the thread's queue.
Status DarwinEvents::Connect(Token token, const std::string& path, const Watch& watch) const {
  auto file = static_cast<std::uintptr_t>(watch.file.get());
  auto queue = static_cast<std::uintptr_t>(watch.queue.get());
  if (!Register(watch.queue, file, EVFILT_VNODE, kRelease)) {
    return Status::SystemError(errno, "kevent");
  }
  // If the file was removed or renamed between open() and the registration, the kernel never
  // reports it.
  Status status = StillAtPath(watch.file, path);
  if (!status.ok()) return status;
  return Register(poller_, queue, EVFILT_READ, /*notes=*/0, token)
             ? Status::Ok()
             : Status::SystemError(errno, "kevent");
}

// Closing the token's queue also removes it from the thread's queue.
void DarwinEvents::Remove(Token token) {
  std::lock_guard<std::mutex> guard(mutex_);
  watches_.erase(token);
}

void DarwinEvents::Interrupt() {
  struct kevent64_s change = {};
  change.ident = kInterrupt;
  change.filter = EVFILT_USER;
  change.fflags = NOTE_TRIGGER;
  (void)kevent64(Fd(poller_), &change, 1, nullptr, 0, 0, nullptr);
}

ReleaseEvents::WaitResult DarwinEvents::Wait(int timeout_ms, std::vector<Token>* reported) {
  struct kevent64_s events[16];
  timespec timeout = {timeout_ms / 1000, timeout_ms % 1000 * 1000000L};
  int count =
      kevent64(Fd(poller_), nullptr, 0, events, 16, 0, timeout_ms == kForever ? nullptr : &timeout);
  if (count < 0) return errno == EINTR ? WaitResult::kWoken : WaitResult::kFailed;
  for (int i = 0; i < count; ++i) {
    if (events[i].filter == EVFILT_USER) continue;
    std::lock_guard<std::mutex> guard(mutex_);
    auto token = static_cast<Token>(events[i].udata);
    if (watches_.erase(token) > 0) reported->push_back(token);
  }
  return count == 0 ? WaitResult::kTimeout : WaitResult::kWoken;
}

}  // namespace

Status ReleaseEvents::Open(std::unique_ptr<ReleaseEvents>* out) {
  auto events = std::make_unique<DarwinEvents>();
  Status status = events->Start();
  if (status.ok()) *out = std::move(events);
  return status;
}

}  // namespace gateway_lock
