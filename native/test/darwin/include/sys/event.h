// The declarations from XNU's bsd/sys/event.h (kqueue) that native/os uses.
#pragma once

#include <cstdint>
#include <ctime>

#define EVFILT_READ (-1)
#define EVFILT_VNODE (-4)
#define EVFILT_PROC (-5)
#define EVFILT_USER (-10)

#define EV_ADD 0x0001
#define EV_DELETE 0x0002
#define EV_ONESHOT 0x0010
#define EV_CLEAR 0x0020

#define NOTE_TRIGGER 0x01000000
#define NOTE_DELETE 0x00000001
#define NOTE_WRITE 0x00000002
#define NOTE_EXTEND 0x00000004
#define NOTE_ATTRIB 0x00000008
#define NOTE_LINK 0x00000010
#define NOTE_RENAME 0x00000020
#define NOTE_REVOKE 0x00000040
#define NOTE_FUNLOCK 0x00000100
#define NOTE_EXIT 0x80000000

// From bsd/sys/fcntl.h: opens a file only to receive its events.
#define O_EVTONLY O_RDONLY

struct kevent64_s {
  std::uint64_t ident;
  std::int16_t filter;
  std::uint16_t flags;
  std::uint32_t fflags;
  std::int64_t data;
  std::uint64_t udata;
  std::uint64_t ext[2];
};

extern "C" {
int kqueue();
int kevent64(int queue, const kevent64_s* changes, int change_count, kevent64_s* events,
             int event_count, unsigned flags, const timespec* timeout);
}
