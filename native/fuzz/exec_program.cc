// Runs a program with any path, arguments, environment and descriptors. Checks that execve(), which
// the linker replaces, receives them unchanged, and that this process has its descriptors back
// after execve() has failed.
#include "exec_program_posix.cc"  // NOLINT(bugprone-suspicious-include)
#include "fuzz.h"

using namespace gateway_lock;        // NOLINT(google-build-using-namespace)
using namespace gateway_lock::fuzz;  // NOLINT(google-build-using-namespace)

namespace {

const Program* wanted = nullptr;
std::vector<ino_t> wanted_files;

constexpr int kDescriptors = 64;

ino_t FileOf(int fd) {
  struct stat info = {};
  return fstat(fd, &info) == 0 ? info.st_ino : 0;
}

// Returns the file and the flags of each descriptor of this process.
std::vector<std::pair<ino_t, int>> Table() {
  std::vector<std::pair<ino_t, int>> table;
  for (int fd = 0; fd < kDescriptors; ++fd) table.emplace_back(FileOf(fd), fcntl(fd, F_GETFD));
  return table;
}

void ExpectTexts(char* const texts[], const std::vector<std::string>& expected) {
  for (const std::string& text : expected) EXPECT(*texts++ == std::string(text.c_str()));
  EXPECT(*texts == nullptr);
}

std::vector<std::string> Texts(FuzzedDataProvider& input) {
  std::vector<std::string> texts(input.ConsumeIntegralInRange<std::size_t>(0, 5));
  for (std::string& text : texts) text = input.ConsumeRandomLengthString(40);
  return texts;
}

}  // namespace

extern "C" int __wrap_execve(const char* path, char* const arguments[], char* const environment[]) {
  EXPECT(path == std::string(wanted->path.c_str()));
  ExpectTexts(arguments, wanted->arguments);
  ExpectTexts(environment, wanted->environment);
  for (std::size_t i = 0; i < wanted_files.size(); ++i) {
    int fd = kFirstInherited + static_cast<int>(i);
    EXPECT(FileOf(fd) == wanted_files[i]);
    EXPECT(fcntl(fd, F_GETFD) == 0);
  }
  errno = ENOENT;
  return -1;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider input(data, size);
  MemoryFile open_here("a");
  Program program;
  program.path = input.ConsumeRandomLengthString(40);
  program.arguments = Texts(input);
  program.environment = Texts(input);
  wanted_files.clear();
  bool all_open = true;
  for (int count = input.ConsumeIntegralInRange(0, 5); count > 0; --count) {
    int fd = input.ConsumeIntegralInRange(0, kDescriptors);
    program.inherit.push_back(fd);
    wanted_files.push_back(FileOf(fd));
    all_open = all_open && fcntl(fd, F_GETFD) >= 0;
  }
  wanted = &program;
  std::vector<std::pair<ino_t, int>> before = Table();
  Status status = ExecProgram(program);
  EXPECT(status.kind == StatusKind::kSystemError);
  EXPECT(status.sys_code == (all_open ? ENOENT : EBADF));
  EXPECT(Table() == before);
  return 0;
}
