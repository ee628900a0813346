// Uses any relative path for a lock, a probe and a lock directory, in an empty directory.
#include <fcntl.h>
#include <sys/stat.h>

#include <cstring>
#include <filesystem>
#include <system_error>

#include "file_lock.h"
#include "fuzz.h"
#include "lock_path_check.h"
#include "lock_probe.h"

using namespace gateway_lock;        // NOLINT(google-build-using-namespace)
using namespace gateway_lock::fuzz;  // NOLINT(google-build-using-namespace)

namespace {

constexpr std::size_t kLongest = 5000;

const std::string& Folder() {
  static const std::string folder = [] {
    std::string path = "/tmp/gateway-lock-fuzz-XXXXXX";
    EXPECT(mkdtemp(path.data()) != nullptr);
    static std::string kept = path;
    std::atexit([] {
      std::error_code ignored;
      std::filesystem::remove_all(kept, ignored);
    });
    return path;
  }();
  return folder;
}

void EnterEmptyFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(Folder() + "/w", ignored);
  EXPECT(mkdir((Folder() + "/w").c_str(), 0700) == 0);
  EXPECT(chdir((Folder() + "/w").c_str()) == 0);
}

int OpenDescriptors() {
  int count = 0;
  for (int fd = 0; fd < 64; ++fd) count += fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
  return count;
}

void ExpectExplained(const Status& status) {
  bool failed = status.kind == StatusKind::kSystemError || status.kind == StatusKind::kUnsupported;
  EXPECT(!failed || (status.sys_code != 0 && std::strlen(status.syscall) > 0));
  bool judged = status.kind == StatusKind::kInvalidFile || status.kind == StatusKind::kForeignOwner;
  EXPECT(!judged || std::strlen(status.detail) > 0);
}

void Lock(const std::string& path, const LockOptions& options) {
  FileSystemCache file_systems;
  FileLock lock;
  Status status = FileLock::TryAcquire(path, options, &file_systems, &lock);
  ExpectExplained(status);
  EXPECT(status.ok() == lock.held());
  FileLockProbe probe;
  Status probed = ProbeFileLock(path, options.access, &probe);
  ExpectExplained(probed);
  if (!lock.held()) return;
  EXPECT(probed.ok());
  EXPECT(probe.state == (options.mode == LockMode::kShared ? ProbedState::kHeldShared
                                                           : ProbedState::kHeldExclusive));
  EXPECT(lock.Release().ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider input(data, size);
  LockOptions options;
  if (input.ConsumeBool()) options.mode = LockMode::kShared;
  options.keep_file = input.ConsumeBool();
  options.existing_file = input.ConsumeBool();
  options.access =
      input.PickValueInArray({FileAccess::kOwner, FileAccess::kGroup, FileAccess::kEveryone});
  std::string directory = input.ConsumeRandomLengthString(100);
  std::string path = input.ConsumeRandomLengthString(kLongest);
  // Accepts only paths that stay inside the folder: no NUL, relative, and without "..".
  for (std::string* text : {&directory, &path}) {
    text->resize(std::strlen(text->c_str()));
    if (text->empty() || (*text)[0] == '/' || text->find("..") != std::string::npos) return -1;
  }
  EnterEmptyFolder();
  int open_before = OpenDescriptors();
  ExpectExplained(EnsureLockDirectory(directory, input.ConsumeBool()));
  Lock(path, options);
  EXPECT(OpenDescriptors() == open_before);
  return 0;
}
