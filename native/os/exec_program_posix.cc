#include "exec_program.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <iterator>
#include <utility>

#include "posix_file.h"

namespace gateway_lock {
namespace {

// The first inherited descriptor, as in socket activation (man 3 sd_listen_fds).
constexpr int kFirstInherited = 3;

Status Duplicate(int fd, int lowest, FileHandle* out) {
  out->Reset(fcntl(fd, F_DUPFD_CLOEXEC, lowest));
  return out->valid() ? Status::Ok() : Status::SystemError(errno, "fcntl");
}

std::vector<char*> ToPointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// A descriptor number in the new program. `source` is copied to this number. `before` is a copy of
// whatever the current program has open under this number.
struct DescriptorSlot {
  FileHandle source;
  FileHandle before;
  int flags_before = 0;
};

// Saves a copy of the descriptor that currently has the slot's number. Usually there is none. If
// there is one, it must be restored when execve() fails, so ExecProgram() fails if it cannot be
// copied (EMFILE).
Status SaveCurrent(int fd, int above, DescriptorSlot* slot) {
  slot->flags_before = fcntl(fd, F_GETFD);
  return slot->flags_before < 0 ? Status::Ok() : Duplicate(fd, above, &slot->before);
}

// Returns an error if a descriptor to inherit is closed. Must run before any descriptor is copied,
// because a copy could get the number of a closed one.
Status CheckOpen(const std::vector<NativeHandle>& inherit) {
  for (NativeHandle fd : inherit) {
    if (fcntl(static_cast<int>(fd), F_GETFD) < 0) return Status::SystemError(errno, "fcntl");
  }
  return Status::Ok();
}

// Copies all sources to numbers above the slots, so that filling a slot cannot overwrite another
// source.
Status PrepareSlots(const std::vector<NativeHandle>& inherit, std::vector<DescriptorSlot>* slots) {
  int above = kFirstInherited + static_cast<int>(inherit.size());
  for (std::size_t i = 0; i < inherit.size(); i++) {
    DescriptorSlot slot;
    Status status = Duplicate(static_cast<int>(inherit[i]), above, &slot.source);
    if (status.ok()) status = SaveCurrent(kFirstInherited + static_cast<int>(i), above, &slot);
    if (!status.ok()) return status;
    slots->push_back(std::move(slot));
  }
  return Status::Ok();
}

void Restore(const std::vector<DescriptorSlot>& slots) {
  for (std::size_t i = 0; i < slots.size(); i++) {
    int fd = kFirstInherited + static_cast<int>(i);
    close(fd);
    if (slots[i].before.valid()) {
      dup2(Fd(slots[i].before), fd);
      fcntl(fd, F_SETFD, slots[i].flags_before);
    }
  }
}

// Makes the standard streams inheritable and blocking. Node makes them close-on-exec (libuv,
// uv_disable_stdio_inheritance), and makes pipes non-blocking when it uses them. A program that
// writes to a non-blocking pipe faster than the reader reads gets EAGAIN, which few programs handle
// (seen with `yes` and a slow reader). Node itself makes the pipes blocking again only at exit.
class StandardStreams {
 public:
  void Prepare() {
    for (Stream& stream : streams_) {
      stream.descriptor_flags = fcntl(stream.fd, F_GETFD);
      stream.status_flags = fcntl(stream.fd, F_GETFL);
      if (stream.descriptor_flags < 0 || stream.status_flags < 0) continue;  // the stream is closed
      Set(stream, stream.descriptor_flags & ~FD_CLOEXEC, stream.status_flags & ~O_NONBLOCK);
    }
  }
  // Restores in reverse order. If two streams share one open file (2>&1), Prepare() read the
  // original flags only for the first stream, so the first stream must be restored last.
  void Restore() const {
    for (int fd = kFirstInherited - 1; fd >= 0; fd--) {
      const Stream& stream = streams_[fd];
      if (stream.descriptor_flags < 0 || stream.status_flags < 0) continue;
      Set(stream, stream.descriptor_flags, stream.status_flags);
    }
  }

 private:
  struct Stream {
    int fd;
    int descriptor_flags = 0;
    int status_flags = 0;
  };

  static void Set(const Stream& stream, int descriptor_flags, int status_flags) {
    fcntl(stream.fd, F_SETFD, descriptor_flags);
    fcntl(stream.fd, F_SETFL, status_flags);
  }

  Stream streams_[kFirstInherited] = {{0}, {1}, {2}};
};

// The signals that Node ignores. An ignored signal stays ignored in the new program (man 2 execve).
// A program that ignores SIGPIPE keeps running after its reader has ended, and a program that
// ignores SIGXFSZ keeps running after its file has reached the size limit.
constexpr int kIgnoredByNode[] = {SIGPIPE, SIGXFSZ};

class IgnoredSignals {
 public:
  void SetDefault() {
    struct sigaction standard = {};
    standard.sa_handler = SIG_DFL;
    for (std::size_t i = 0; i < std::size(kIgnoredByNode); i++) {
      sigaction(kIgnoredByNode[i], &standard, &before_[i]);
    }
  }
  // Restores the previous actions, because JavaScript code may have set a handler
  // (process.on('SIGPIPE')).
  void Restore() const {
    for (std::size_t i = 0; i < std::size(kIgnoredByNode); i++) {
      sigaction(kIgnoredByNode[i], &before_[i], nullptr);
    }
  }

 private:
  struct sigaction before_[std::size(kIgnoredByNode)] = {};
};

}  // namespace

Status ExecProgram(const Program& program) {
  std::vector<char*> arguments = ToPointers(program.arguments);
  std::vector<char*> environment = ToPointers(program.environment);
  std::vector<DescriptorSlot> slots;
  Status status = CheckOpen(program.inherit);
  if (status.ok()) status = PrepareSlots(program.inherit, &slots);
  if (!status.ok()) return status;
  for (std::size_t i = 0; i < slots.size(); i++) {
    // The copy made by dup2() is not close-on-exec.
    dup2(Fd(slots[i].source), kFirstInherited + static_cast<int>(i));
  }
  StandardStreams streams;
  streams.Prepare();
  IgnoredSignals signals;
  signals.SetDefault();
  execve(program.path.c_str(), arguments.data(), environment.data());
  status = Status::SystemError(errno, "execve");
  signals.Restore();
  streams.Restore();
  Restore(slots);
  return status;
}

}  // namespace gateway_lock
