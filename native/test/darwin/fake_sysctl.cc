// Implements sysctl() on top of /proc, with the results of XNU's sysctl_prochandle() and
// sysctl_procargsx() (bsd/kern/kern_sysctl.c).
#include <sys/sysctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>

namespace gateway_lock::darwin {
namespace {

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string FolderOf(int pid) { return "/proc/" + std::to_string(pid); }

std::int64_t BootSeconds() {
  std::string stat = ReadAll("/proc/stat");
  return std::strtoll(stat.c_str() + stat.find("btime ") + 6, nullptr, 10);
}

int CopyOut(const std::string& bytes, void* old, std::size_t* old_length) {
  if (old != nullptr && *old_length < bytes.size()) {
    errno = ENOMEM;
    return -1;
  }
  if (old != nullptr) std::memcpy(old, bytes.data(), bytes.size());
  *old_length = bytes.size();
  return 0;
}

// If no process has the pid, sysctl() succeeds but returns no bytes (sysctl_doprocs_args).
int CopyProcess(int pid, void* old, std::size_t* old_length) {
  std::string stat = ReadAll(FolderOf(pid) + "/stat");
  std::size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) return CopyOut("", old, old_length);
  const char* fields = stat.c_str() + name_end + 2;
  kinfo_proc info = {};
  info.kp_proc.p_stat = *fields == 'Z' || *fields == 'X' ? SZOMB : SRUN;
  const char* at = fields;
  for (int field = 3; field < 22; ++field) at = std::strchr(at, ' ') + 1;
  std::int64_t ticks = std::strtoll(at, nullptr, 10);
  std::int64_t per_second = sysconf(_SC_CLK_TCK);
  info.kp_proc.p_starttime.tv_sec = BootSeconds() + ticks / per_second;
  info.kp_proc.p_starttime.tv_usec = ticks % per_second * 1000000 / per_second;
  std::string bytes(sizeof info, '\0');
  std::memcpy(bytes.data(), &info, sizeof info);
  return CopyOut(bytes, old, old_length);
}

// Copies the number of arguments, the path of the program, several NULs, the arguments and the
// environment to `old`. Fails with EINVAL for a zombie.
int CopyArguments(int pid, void* old, std::size_t* old_length) {
  std::string arguments = ReadAll(FolderOf(pid) + "/cmdline");
  if (arguments.empty()) {
    errno = EINVAL;
    return -1;
  }
  int count = 0;
  for (char byte : arguments) count += byte == '\0' ? 1 : 0;
  std::string bytes(sizeof count, '\0');
  std::memcpy(bytes.data(), &count, sizeof count);
  bytes += std::string("/bin/program") + std::string(4, '\0') + arguments;
  return CopyOut(bytes + "A=B" + std::string(1, '\0'), old, old_length);
}

}  // namespace
}  // namespace gateway_lock::darwin

using namespace gateway_lock::darwin;  // NOLINT

int sysctl(int* name, unsigned name_length, void* old, std::size_t* old_length, void* /*next*/,
           std::size_t /*next_length*/) {
  if (name_length == 4 && name[1] == KERN_PROC) return CopyProcess(name[3], old, old_length);
  if (name_length == 3 && name[1] == KERN_PROCARGS2) return CopyArguments(name[2], old, old_length);
  errno = ENOENT;
  return -1;
}

int sysctlbyname(const char* name, void* old, std::size_t* old_length, void* /*next*/,
                 std::size_t /*next_length*/) {
  if (std::strcmp(name, "kern.bootsessionuuid") != 0) {
    errno = ENOENT;
    return -1;
  }
  std::string id = ReadAll("/proc/sys/kernel/random/boot_id");
  return CopyOut(id.substr(0, id.find('\n')), old, old_length);
}
