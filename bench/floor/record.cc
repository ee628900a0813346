#include "record.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <ctime>

namespace floor_bench {
namespace {

constexpr char kEnd[] =
    "\",\"kernelLock\":true,"
    "\"note\":\"Only a hint: the kernel lock decides. A leftover of this file blocks nothing.\"}\n";

// Reads a file into `out`. Returns its length, or 0 if the file cannot be read.
std::size_t ReadSmallFile(const char* path, char* out, std::size_t size) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  ssize_t length = read(fd, out, size - 1);
  close(fd);
  if (length < 0) length = 0;
  out[length] = '\0';
  return static_cast<std::size_t>(length);
}

// Returns the start time of a process, or 0 if it has ended. Like the package, counts the blanks
// after the command name (which may contain blanks itself), because sscanf() would parse each
// field.
std::uint64_t StartTimeOf(int pid) {
  char text[1024];
  std::string path = "/proc/" + std::to_string(pid) + "/stat";
  const char* at =
      ReadSmallFile(path.c_str(), text, sizeof text) == 0 ? nullptr : strrchr(text, ')');
  if (at == nullptr || at[1] == '\0') return 0;
  char state = at[2];
  for (int field = 3; field <= 22 && at != nullptr; ++field) at = strchr(at + 1, ' ');
  bool lives = at != nullptr && state != 'Z' && state != 'X';
  return lives ? strtoull(at + 1, nullptr, 10) : 0;
}

// The constant parts of a record, which are read and encoded only once, as in the package.
struct Self {
  std::string head = "{\"pid\":" + std::to_string(getpid()) + ",\"port\":";
  std::string scope;  // the boot and the pid namespace, in which a pid is unique
  std::string tail;   // the fields from the start time to the date

  Self() {
    char boot_id[64] = "";
    char host[256] = "";
    struct stat info = {};
    ReadSmallFile("/proc/sys/kernel/random/boot_id", boot_id, sizeof boot_id);
    boot_id[strcspn(boot_id, "\n")] = '\0';
    stat("/proc/self/ns/pid", &info);
    gethostname(host, sizeof host - 1);
    scope = std::string(",\"bootId\":\"") + boot_id + "\",\"pidNamespace\":\"" +
            std::to_string(info.st_ino) + "\"";
    tail = ",\"startTime\":" + std::to_string(StartTimeOf(getpid())) + scope + ",\"host\":\"" +
           host + "\",\"createdAt\":\"";
  }
};

const Self& ThisProcess() {
  static const Self self;
  return self;
}

// Formats the current time. Caches the text for a millisecond, like the package.
void FormatTime(char (&out)[25]) {
  static char text[sizeof out];
  static long long last = -1;
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  long ms = now.tv_nsec / 1000000;
  if (now.tv_sec * 1000LL + ms != last) {
    last = now.tv_sec * 1000LL + ms;
    tm calendar;
    gmtime_r(&now.tv_sec, &calendar);
    char* end = text + strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.000Z", &calendar);
    for (char* digit = end - 2; ms > 0; ms /= 10) *digit-- = static_cast<char>('0' + ms % 10);
  }
  memcpy(out, text, sizeof text);
}

// Returns 16 random bytes. Draws enough for 128 ids at once, as Node does; with a system call for
// each id, the floor would be slower than the package.
const unsigned char* RandomBytes() {
  constexpr std::size_t kEach = 16;
  static unsigned char bytes[128 * kEach];
  static std::size_t used = sizeof bytes;
  if (used == sizeof bytes) {
    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes) abort();
    used = 0;
  }
  used += kEach;
  return bytes + used - kEach;
}

// Formats a random UUID (version 4).
void FormatRandomId(char (&out)[37]) {
  constexpr char kDigits[] = "0123456789abcdef";
  const unsigned char* bytes = RandomBytes();
  char* at = out;
  for (int index = 0; index < 16; ++index) {
    unsigned char byte = bytes[index];
    if (index == 6) byte = (byte & 0x0f) | 0x40;
    if (index == 8) byte = (byte & 0x3f) | 0x80;
    if (index == 4 || index == 6 || index == 8 || index == 10) *at++ = '-';
    *at++ = kDigits[byte >> 4];
    *at++ = kDigits[byte & 15];
  }
  *at = '\0';
}

}  // namespace

Acquisition NewAcquisition() {
  Acquisition acquisition;
  FormatTime(acquisition.created_at);
  FormatRandomId(acquisition.owner_id);
  return acquisition;
}

std::string FormatRecord(const Acquisition& acquisition, const std::string& fields, int port) {
  const Self& self = ThisProcess();
  std::string text;
  text.reserve(1024);
  text.append(self.head).append(port == 0 ? "null" : std::to_string(port)).append(fields);
  text.append(self.tail).append(acquisition.created_at);
  return text.append("\",\"ownerId\":\"").append(acquisition.owner_id).append(kEnd);
}

bool NamesLiveOwner(const char* record) {
  const char* pid = strstr(record, "\"pid\":");
  const char* start = strstr(record, "\"startTime\":");
  if (pid == nullptr || start == nullptr) return false;
  char* end = nullptr;
  std::uint64_t start_time = strtoull(start + strlen("\"startTime\":"), &end, 10);
  const std::string& scope = ThisProcess().scope;
  return start_time != 0 && strncmp(end, scope.c_str(), scope.size()) == 0 &&
         StartTimeOf(atoi(pid + strlen("\"pid\":"))) == start_time;
}

}  // namespace floor_bench
