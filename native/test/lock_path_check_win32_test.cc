// Tests lock paths with reparse points (links, and files whose content is stored elsewhere), and
// the detection of remote file systems.
#include <windows.h>
// Must be included after windows.h.
#include <winioctl.h>

#include <cstring>
#include <string>
#include <vector>

#include "acquiring.h"
#include "directory.h"
#include "file_system.h"
#include "lock_path_check.h"
#include "test.h"
#include "win32_file.h"
#include "win32_text.h"

namespace gateway_lock::test {
namespace {

// A reparse tag that no vendor uses. This tag does not denote a link, because bit 29 is clear.
constexpr DWORD kUnknownTag = 0x00000042;

bool SetReparsePoint(const std::string& path, DWORD tag, const std::vector<BYTE>& data) {
  REPARSE_GUID_DATA_BUFFER head = {};
  head.ReparseTag = tag;
  head.ReparseDataLength = static_cast<WORD>(data.size());
  bool by_guid = (tag & 0x80000000) == 0;
  std::size_t size = by_guid ? REPARSE_GUID_DATA_BUFFER_HEADER_SIZE : 8;
  if (by_guid) head.ReparseGuid.Data1 = 0x67617465;
  std::vector<BYTE> buffer(size + data.size());
  std::memcpy(buffer.data(), &head, size);
  if (!data.empty()) std::memcpy(buffer.data() + size, data.data(), data.size());
  FileHandle file = OpenFile(path, {GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE,
                                    OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS});
  DWORD done = 0;
  return DeviceIoControl(Raw(file), FSCTL_SET_REPARSE_POINT, buffer.data(),
                         static_cast<DWORD>(buffer.size()), nullptr, 0, &done, nullptr) != 0;
}

TEST("only the reparse tags of symbolic links and mount points count as links") {
  CHECK(IsLinkTag(IO_REPARSE_TAG_SYMLINK));
  CHECK(IsLinkTag(IO_REPARSE_TAG_MOUNT_POINT));
  for (DWORD tag : {0x80000013ul, 0x9000001Aul, 0x9000101Aul, 0x9000001Cul, 0x80000018ul}) {
    // The tags of deduplication, cloud files (two tags), ProjFS and container layers.
    CHECK(!IsLinkTag(tag));
  }
}

TEST(
    "an attempt on a file with a reparse point that is not a link does not report a symbolic "
    "link") {
  Directory directory;
  const std::string path = directory / "a.lock";
  WriteFile(path, "");
  if (!SetReparsePoint(path, kUnknownTag, {1, 2, 3, 4}))
    Skip("this system does not support reparse points (Wine)");
  FileLock lock;
  Status status = TryAcquire(path, &lock);
  // The file cannot be opened, because no driver handles this tag.
  CHECK(status.sys_code == ERROR_CANT_ACCESS_FILE);
}

TEST(
    "a junction is accepted as the parent of a lock file, but refused as the package's own lock "
    "directory") {
  Directory directory;
  std::string target = directory / "target";
  std::string junction = directory / "junction";
  CHECK(EnsureLockDirectory(target, /*tighten=*/true).ok());
  CHECK(CreateDirectoryW(LongPath(junction).c_str(), nullptr));
  std::wstring name = L"\\??\\" + Wide(target);
  // A MOUNT_POINT_REPARSE_BUFFER contains the offset and length of two names, followed by both
  // names, each with a NUL.
  auto length = static_cast<WORD>(name.size() * sizeof(wchar_t));
  WORD offsets[4] = {0, length, static_cast<WORD>(length + 2), 0};
  std::vector<BYTE> data(sizeof offsets + length + 4);
  std::memcpy(data.data(), offsets, sizeof offsets);
  std::memcpy(data.data() + sizeof offsets, name.data(), length);
  if (!SetReparsePoint(junction, IO_REPARSE_TAG_MOUNT_POINT, data))
    Skip("this system does not support junctions (Wine)");
  CHECK(CheckParentDirectory(junction + "\\a.lock").ok());
  CHECK(EnsureLockDirectory(junction, /*tighten=*/true).kind == StatusKind::kInvalidFile);
}

TEST("two files in a temporary directory are local and on the same file system") {
  Directory directory;
  std::uint64_t keys[2];
  int count = 0;
  for (const char* name : {"a", "b"}) {
    WriteFile(directory / name, "");
    FileHandle file = OpenFile(directory / name, {GENERIC_READ});
    FileFacts facts;
    CHECK(StatFile(file, &facts).ok());
    CHECK(!IsRemoteFileSystem(file));
    keys[count++] = FileSystemKey(file, facts.identity);
  }
  CHECK(keys[0] == keys[1]);
}

TEST("a file opened through a share of this machine is remote and on another file system") {
  Directory directory;
  const std::string path = directory / "a";
  WriteFile(path, "");
  FileHandle local = OpenFile(path, {GENERIC_READ});
  std::string share = std::string("\\\\localhost\\") + directory.path()[0] + "$" + path.substr(2);
  FileHandle remote = OpenFile(share, {GENERIC_READ});
  if (!remote.valid())
    Skip("the administrative share of the drive cannot be opened (Wine, or not an administrator)");
  FileFacts facts;
  CHECK(StatFile(local, &facts).ok());
  FileFacts by_share;
  CHECK(StatFile(remote, &by_share).ok());
  CHECK(IsRemoteFileSystem(remote));
  CHECK(FileSystemKey(local, facts.identity) != FileSystemKey(remote, by_share.identity));
}

}  // namespace
}  // namespace gateway_lock::test
