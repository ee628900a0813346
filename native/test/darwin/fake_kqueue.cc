// Implements kqueue on top of epoll, with one epoll instance per queue and one Linux descriptor per
// knote (XNU's structure for a registered event). When a knote becomes active, and whether it stays
// active after a report, follows XNU's bsd/kern/kern_event.c and bsd/vfs/vfs_vnops.c.
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/event.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "fake_file_system.h"
#include "fake_vnode.h"

extern "C" int __real_close(int fd);

namespace gateway_lock::darwin {
namespace {

using Clock = std::chrono::steady_clock;

struct Knote {
  ~Knote() {
    if (source >= 0 && (filter == EVFILT_USER || filter == EVFILT_PROC)) __real_close(source);
  }

  std::uint64_t ident = 0;
  std::int16_t filter = 0;
  std::uint16_t flags = 0;
  std::uint32_t wanted = 0;    // kn_sfflags
  std::uint32_t occurred = 0;  // kn_fflags; for EVFILT_USER kn_hook32
  std::uint64_t udata = 0;
  int source = -1;  // readable if the knote may be active; for EVFILT_READ, the watched queue
  std::unique_ptr<Vnode> vnode;
};

using Knotes = std::vector<std::unique_ptr<Knote>>;

// Never destroyed, because a thread or the compiler's runtime may close a file during exit.
std::mutex& mutex = *new std::mutex();
// `mutex` guards this map and all knotes.
std::map<int, Knotes>& queues = *new std::map<int, Knotes>();

int Fail(int code) {
  errno = code;
  return -1;
}

int OpenSource(Knote* knote) {
  auto number = static_cast<int>(knote->ident);
  switch (knote->filter) {
    case EVFILT_USER:
      return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    case EVFILT_PROC:  // filt_procattach() fails with ESRCH for a pid without a process
      return static_cast<int>(syscall(SYS_pidfd_open, number, 0));
    case EVFILT_VNODE:
      knote->vnode = std::make_unique<Vnode>(number);
      return knote->vnode->source();
    default:
      return queues.count(number) > 0 ? number : Fail(ENOTSUP);
  }
}

int Attach(int queue, const kevent64_s& change) {
  auto knote = std::make_unique<Knote>();
  knote->ident = change.ident;
  knote->filter = change.filter;
  // filt_procattach() sets EV_CLEAR automatically.
  knote->flags =
      static_cast<std::uint16_t>(change.flags | (change.filter == EVFILT_PROC ? EV_CLEAR : 0));
  knote->wanted = change.fflags;
  knote->udata = change.udata;
  knote->source = OpenSource(knote.get());
  if (knote->source < 0) return errno;
  epoll_event interest = {};
  interest.events = EPOLLIN;
  if (epoll_ctl(queue, EPOLL_CTL_ADD, knote->source, &interest) != 0) return errno;
  queues[queue].push_back(std::move(knote));
  return 0;
}

// Follows filt_usertouch(): NOTE_TRIGGER makes the knote active.
void Touch(Knote* knote, const kevent64_s& change) {
  if (knote->filter != EVFILT_USER) {
    knote->wanted = change.fflags;
    knote->udata = change.udata;
  } else if ((change.fflags & NOTE_TRIGGER) != 0) {
    std::uint64_t one = 1;
    (void)!write(knote->source, &one, sizeof one);
  }
}

int Register(int queue, const kevent64_s& change) {
  for (auto& knote : queues[queue]) {
    if (knote->ident != change.ident || knote->filter != change.filter) continue;
    Touch(knote.get(), change);
    return 0;
  }
  return (change.flags & EV_ADD) != 0 ? Attach(queue, change) : ENOENT;
}

bool HasActive(int queue);

bool IsReadable(int fd) {
  std::uint64_t times = 0;
  return read(fd, &times, sizeof times) > 0;
}

bool HasEnded(int pidfd) {
  epoll_event event = {};
  int poller = epoll_create1(EPOLL_CLOEXEC);
  epoll_event interest = {};
  interest.events = EPOLLIN;
  epoll_ctl(poller, EPOLL_CTL_ADD, pidfd, &interest);
  bool ended = epoll_wait(poller, &event, 1, 0) == 1;
  __real_close(poller);
  return ended;
}

// Reads the pending events of the knote's object. Returns true if kevent() would report the knote.
bool IsActive(Knote* knote) {
  switch (knote->filter) {
    case EVFILT_USER:
      if (IsReadable(knote->source)) knote->occurred = 1;
      return knote->occurred != 0;
    case EVFILT_PROC:  // filt_procevent()
      if ((knote->wanted & NOTE_EXIT) != 0 && HasEnded(knote->source)) {
        knote->occurred |= NOTE_EXIT;
        knote->flags |= EV_ONESHOT;
      }
      return knote->occurred != 0;
    case EVFILT_VNODE:  // filt_vnode_common()
      knote->occurred |= knote->wanted & knote->vnode->TakeHints();
      return knote->occurred != 0;
    default:  // kqueue_kqfilter(): active while the watched queue has an active knote
      return HasActive(static_cast<int>(knote->ident));
  }
}

bool HasActive(int queue) {
  bool active = false;
  for (auto& knote : queues[queue]) active |= IsActive(knote.get());
  return active;
}

bool HasUncertainLock(int queue) {
  for (auto& knote : queues[queue]) {
    if (knote->filter == EVFILT_VNODE && knote->vnode->IsLockUncertain()) return true;
    if (knote->filter == EVFILT_READ && HasUncertainLock(static_cast<int>(knote->ident)))
      return true;
  }
  return false;
}

kevent64_s ReportOf(Knote* knote) {
  kevent64_s event = {};
  event.ident = knote->ident;
  event.filter = knote->filter;
  event.flags = knote->flags;
  event.fflags = knote->filter == EVFILT_USER ? knote->wanted : knote->occurred;
  event.udata = knote->udata;
  // Follows filt_userprocess() and knote_fill_kevent(): without EV_CLEAR, a knote stays active
  // after the report.
  if ((knote->flags & EV_CLEAR) != 0) knote->occurred = 0;
  return event;
}

int Collect(int queue, kevent64_s* events, int capacity) {
  int count = 0;
  Knotes& knotes = queues[queue];
  for (std::size_t i = 0; i < knotes.size() && count < capacity;) {
    if (!IsActive(knotes[i].get())) {
      ++i;
      continue;
    }
    events[count++] = ReportOf(knotes[i].get());
    bool once = (knotes[i]->flags & EV_ONESHOT) != 0;
    if (once) {
      knotes.erase(knotes.begin() + static_cast<std::ptrdiff_t>(i));
    } else {
      ++i;
    }
  }
  return count;
}

// Returns the timeout for epoll_wait() in milliseconds: at most 1 ms while it is uncertain whether
// a lock is held.
int TimeoutMs(int queue, const timespec* timeout, Clock::time_point since) {
  int recheck_ms = HasUncertainLock(queue) ? 1 : -1;
  if (timeout == nullptr) return recheck_ms;
  auto whole = std::chrono::seconds(timeout->tv_sec) + std::chrono::nanoseconds(timeout->tv_nsec);
  auto left = std::chrono::ceil<std::chrono::milliseconds>(since + whole - Clock::now()).count();
  int timeout_ms = left > 0 ? static_cast<int>(left) : 0;
  return recheck_ms > 0 && timeout_ms > recheck_ms ? recheck_ms : timeout_ms;
}

int WaitForEvents(int queue, kevent64_s* events, int capacity, const timespec* timeout) {
  Clock::time_point since = Clock::now();
  for (;;) {
    int timeout_ms = 0;
    bool known = false;
    {
      std::lock_guard<std::mutex> guard(mutex);
      known = queues.count(queue) > 0;
      int count = known ? Collect(queue, events, capacity) : 0;
      if (count > 0) return count;
      timeout_ms = known ? TimeoutMs(queue, timeout, since) : -1;
    }
    epoll_event event = {};
    if (!known) return Fail(EBADF);
    if (timeout_ms == 0) return 0;
    if (epoll_wait(queue, &event, 1, timeout_ms) < 0) return -1;
  }
}

}  // namespace

void RemoveQueue(int fd) {
  std::lock_guard<std::mutex> guard(mutex);
  if (queues.erase(fd) == 0) return;
  // Follows knote_fdclose(): a closed queue is removed from the queues that watch it.
  for (auto& [queue, knotes] : queues) {
    for (std::size_t i = 0; i < knotes.size();) {
      bool inside = knotes[i]->filter == EVFILT_READ && knotes[i]->ident == std::uint64_t(fd);
      if (inside) {
        knotes.erase(knotes.begin() + static_cast<std::ptrdiff_t>(i));
      } else {
        ++i;
      }
    }
  }
}

}  // namespace gateway_lock::darwin

using namespace gateway_lock::darwin;  // NOLINT

int kqueue() {
  int fd = epoll_create1(0);
  if (fd < 0) return fd;
  std::lock_guard<std::mutex> guard(mutex);
  queues[fd];
  return fd;
}

int kevent64(int queue, const kevent64_s* changes, int change_count, kevent64_s* events,
             int event_count, unsigned /*flags*/, const timespec* timeout) {
  {
    std::lock_guard<std::mutex> guard(mutex);
    if (queues.count(queue) == 0) return Fail(EBADF);
    for (int i = 0; i < change_count; ++i) {
      int error = Register(queue, changes[i]);
      if (error != 0) return Fail(error);
    }
  }
  return event_count == 0 ? 0 : WaitForEvents(queue, events, event_count, timeout);
}

// The linker redirects every call of close() to this function (--wrap=close).
extern "C" int __wrap_close(int fd) {
  DropLockOfClosed(fd);
  RemoveQueue(fd);
  return __real_close(fd);
}
