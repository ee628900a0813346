#include "record.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <ctime>

namespace floor_bench {
namespace {

// Does not change while a process lives, so it is read once, as in the package.
struct Identity {
  std::uint64_t start_time = StartTimeOf(getpid());
  unsigned long long pid_namespace = 0;
  char boot_id[64] = "";
  char host[256] = "";

  Identity() {
    struct stat info;
    if (stat("/proc/self/ns/pid", &info) == 0) pid_namespace = info.st_ino;
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && read(fd, boot_id, sizeof boot_id - 1) > 0) boot_id[36] = '\0';
    close(fd);
    gethostname(host, sizeof host - 1);
  }
};

void FormatTime(char* out, std::size_t size) {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  tm calendar;
  gmtime_r(&now.tv_sec, &calendar);
  std::size_t length = strftime(out, size, "%Y-%m-%dT%H:%M:%S", &calendar);
  snprintf(out + length, size - length, ".%03ldZ", now.tv_nsec / 1000000);
}

void FormatRandomId(char* out, std::size_t size) {
  unsigned int random[4];
  if (getrandom(random, sizeof random, 0) != sizeof random) return;
  snprintf(out, size, "%08x-%04x-4%03x-a%03x-%08x%04x", random[0], random[1] >> 16,
           random[1] & 0xfff, random[2] & 0xfff, random[3], random[2] >> 16);
}

}  // namespace

std::string FormatRecord(int port) {
  static const Identity self;
  char time[32];
  char id[40] = "";
  char port_text[8] = "null";
  FormatTime(time, sizeof time);
  FormatRandomId(id, sizeof id);
  if (port != 0) snprintf(port_text, sizeof port_text, "%d", port);
  char text[1024];
  int length = snprintf(
      text, sizeof text,
      "{\"pid\":%d,\"port\":%s,\"startTime\":%llu,\"bootId\":\"%s\",\"pidNamespace\":\"%llu\","
      "\"host\":\"%s\",\"createdAt\":\"%s\",\"ownerId\":\"%s\",\"kernelLock\":true,"
      "\"note\":\"Only a hint: the kernel lock decides. A leftover of this file blocks "
      "nothing.\"}\n",
      getpid(), port_text, static_cast<unsigned long long>(self.start_time), self.boot_id,
      self.pid_namespace, self.host, time, id);
  return std::string(text, static_cast<std::size_t>(length));
}

std::uint64_t StartTimeOf(int pid) {
  char path[32];
  char text[1024];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  ssize_t length = read(fd, text, sizeof text - 1);
  close(fd);
  if (length <= 0) return 0;
  text[length] = '\0';
  const char* name_end = strrchr(text, ')');
  char state = 0;
  unsigned long long start = 0;
  int found = name_end == nullptr
                  ? 0
                  : sscanf(name_end + 1,
                           " %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
                           "%*s %*s %llu",
                           &state, &start);
  return found == 2 && state != 'Z' && state != 'X' ? start : 0;
}

}  // namespace floor_bench
