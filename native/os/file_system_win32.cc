#include "file_system.h"

#include <string>

#include "win32_file.h"

namespace gateway_lock {
namespace {

// From ntifs.h in the Windows Driver Kit: FS_INFORMATION_CLASS, FILE_FS_DEVICE_INFORMATION and
// FILE_REMOTE_DEVICE.
constexpr int kFileFsDeviceInformation = 4;
constexpr ULONG kRemoteDevice = 0x10;

struct IoStatusBlock {
  void* status;
  ULONG_PTR information;
};

struct DeviceInformation {
  ULONG type;
  ULONG characteristics;
};

using QueryVolumeFunction = LONG(WINAPI*)(HANDLE, IoStatusBlock*, void*, ULONG, int);
QueryVolumeFunction FindQueryVolume() {
  static const auto function = reinterpret_cast<QueryVolumeFunction>(reinterpret_cast<void*>(
      GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "NtQueryVolumeInformationFile")));
  return function;
}

// Returns true if the device is marked as remote. Shared-folder drivers (VirtualBox, VMware, WinFsp
// as a network drive) set this mark but report no remote protocol.
bool IsRemoteDevice(const FileHandle& file) {
  IoStatusBlock done = {};
  DeviceInformation device = {};
  auto query = FindQueryVolume();
  return query != nullptr &&
         query(Raw(file), &done, &device, sizeof device, kFileFsDeviceInformation) >= 0 &&
         (device.characteristics & kRemoteDevice) != 0;
}

bool IsOnShare(const FileHandle& file) {
  std::wstring path(MAX_PATH + 1, L'\0');
  DWORD length = GetFinalPathNameByHandleW(Raw(file), &path[0], static_cast<DWORD>(path.size()), 0);
  if (length > path.size()) {
    path.resize(length);
    length = GetFinalPathNameByHandleW(Raw(file), &path[0], length, 0);
  }
  return length > 0 && path.compare(0, 8, L"\\\\?\\UNC\\") == 0;
}

}  // namespace

Status TestExclusion(const std::string& path, const FileIdentity& identity, bool* excludes) {
  FileHandle second = OpenFile(path, {GENERIC_READ});
  if (!second.valid()) return LastOpenError(path);
  FileFacts facts;
  Status status = StatFile(second, &facts);
  if (!status.ok()) return status;
  if (!(facts.identity == identity)) return Status::Replaced();
  Status locked = LockByte(second, LockMode::kExclusive);
  if (!locked.ok() && !locked.contended()) return locked;
  *excludes = locked.contended();
  return Status::Ok();
}

// FileRemoteProtocolInfo fails for a local file (ERROR_INVALID_PARAMETER).
bool IsRemoteFileSystem(const FileHandle& file) {
  FILE_REMOTE_PROTOCOL_INFO info = {};
  return GetFileInformationByHandleEx(Raw(file), FileRemoteProtocolInfo, &info, sizeof info) != 0 ||
         IsRemoteDevice(file) || IsOnShare(file);
}

// Returns the serial number of the volume, or 0 if it has none. A network share reports the serial
// number of the volume it exports, which may also be mounted locally, so a remote device's number
// is inverted. A cloned disk has the same serial number as the original.
std::uint64_t FileSystemKey(const FileHandle& file, const FileIdentity& identity) {
  if (identity.device == 0) return 0;
  return IsRemoteDevice(file) ? ~identity.device : identity.device;
}

const char* DescribeWeakness(const FileHandle& /*file*/) {
  return "grants the lock to two holders at once";
}

}  // namespace gateway_lock
