#include "exec_program.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace gateway_lock {
namespace {

// Where the socket-activation convention begins (man 3 sd_listen_fds).
constexpr int kFirstInherited = 3;

Status Duplicate(int fd, int lowest, FileHandle* out) {
  out->Reset(fcntl(fd, F_DUPFD_CLOEXEC, lowest));
  return out->valid() ? Status::Ok() : Status::SystemError(errno, "fcntl");
}

int Fd(const FileHandle& file) { return static_cast<int>(file.get()); }

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// One place of the new program's descriptors, and what this process had there.
struct Place {
  FileHandle source;
  FileHandle before;
};

// Copies above all places, so that no place is overwritten before it was copied.
Status CopyAside(const std::vector<NativeHandle>& inherit, std::vector<Place>* places) {
  int above = kFirstInherited + static_cast<int>(inherit.size());
  for (std::size_t i = 0; i < inherit.size(); i++) {
    Place place;
    Status status = Duplicate(static_cast<int>(inherit[i]), above, &place.source);
    if (!status.ok()) return status;
    // Nothing there, mostly; else Node's own: it must be back if execve() fails.
    (void)Duplicate(kFirstInherited + static_cast<int>(i), above, &place.before);
    places->push_back(std::move(place));
  }
  return Status::Ok();
}

void PutBack(const std::vector<Place>& places) {
  for (std::size_t i = 0; i < places.size(); i++) {
    int fd = kFirstInherited + static_cast<int>(i);
    close(fd);
    if (places[i].before.valid()) {
      dup2(Fd(places[i].before), fd);
      fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
  }
}

// Node has made its own standard streams close-on-exec (libuv, uv_disable_stdio_inheritance).
void SetStandardStreams(int flags) {
  for (int fd = 0; fd < kFirstInherited; fd++) fcntl(fd, F_SETFD, flags);
}

// An ignored signal stays ignored in the new program (man 2 execve), and Node ignores these two: a
// program would no longer end when its reader does, or when its file is too long.
constexpr int kIgnoredByNode[] = {SIGPIPE, SIGXFSZ};

void SetIgnored(void (*handler)(int)) {
  for (int number : kIgnoredByNode) signal(number, handler);
}

}  // namespace

Status ExecProgram(const Program& program) {
  std::vector<char*> arguments = Pointers(program.arguments);
  std::vector<char*> environment = Pointers(program.environment);
  std::vector<Place> places;
  Status status = CopyAside(program.inherit, &places);
  if (!status.ok()) return status;
  for (std::size_t i = 0; i < places.size(); i++) {
    // dup2() clears close-on-exec on the copy.
    dup2(Fd(places[i].source), kFirstInherited + static_cast<int>(i));
  }
  SetStandardStreams(0);
  SetIgnored(SIG_DFL);
  execve(program.path.c_str(), arguments.data(), environment.data());
  status = Status::SystemError(errno, "execve");
  SetIgnored(SIG_IGN);
  SetStandardStreams(FD_CLOEXEC);
  PutBack(places);
  return status;
}

}  // namespace gateway_lock
