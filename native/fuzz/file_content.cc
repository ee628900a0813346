// Replaces any content with any other, while the kernel shortens or interrupts reads and writes.
#include "file_content_posix.cc"  // NOLINT(bugprone-suspicious-include)
#include "fuzz.h"

using namespace gateway_lock;        // NOLINT(google-build-using-namespace)
using namespace gateway_lock::fuzz;  // NOLINT(google-build-using-namespace)

namespace {

FuzzedDataProvider* moods = nullptr;

// Returns true if this call should be interrupted. Returns false once the input is used up, so that
// retry loops end.
bool IsInterrupted() {
  if (moods == nullptr || moods->remaining_bytes() == 0 || !moods->ConsumeBool()) return false;
  errno = EINTR;
  return true;
}

std::size_t Cut(std::size_t size) {
  if (moods == nullptr || moods->remaining_bytes() == 0 || size < 2) return size;
  return moods->ConsumeIntegralInRange<std::size_t>(1, size);
}

}  // namespace

extern "C" {
ssize_t __real_pread(int fd, void* buffer, size_t size, off_t offset);
ssize_t __real_pwrite(int fd, const void* buffer, size_t size, off_t offset);
int __real_ftruncate(int fd, off_t size);

ssize_t __wrap_pread(int fd, void* buffer, size_t size, off_t offset) {
  return IsInterrupted() ? -1 : __real_pread(fd, buffer, size, offset);
}
ssize_t __wrap_pwrite(int fd, const void* buffer, size_t size, off_t offset) {
  return IsInterrupted() ? -1 : __real_pwrite(fd, buffer, Cut(size), offset);
}
int __wrap_ftruncate(int fd, off_t size) {
  return IsInterrupted() ? -1 : __real_ftruncate(fd, size);
}
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider input(data, size);
  std::string before = input.ConsumeRandomLengthString(6000);
  std::string after = input.ConsumeRandomLengthString(6000);
  auto limit = input.ConsumeIntegralInRange<std::size_t>(0, 8192);
  FileHandle file(memfd_create("fuzz", MFD_CLOEXEC));
  moods = nullptr;
  EXPECT(ReplaceContent(file, 0, before).ok());
  moods = &input;
  EXPECT(ReplaceContent(file, before.size(), after).ok());
  std::string text;
  EXPECT(ReadAt0(file, limit, &text).ok());
  EXPECT(text == after.substr(0, limit));
  return 0;
}
