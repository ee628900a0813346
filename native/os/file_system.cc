#include "file_system.h"

namespace gateway_lock {
namespace {

Status TestStrength(const FileHandle& held, const std::string& path, const FileIdentity& identity,
                    Strength* strength) {
  bool excludes = false;
  Status tested = TestExclusion(path, identity, &excludes);
  if (!tested.ok()) return tested;
  *strength = !excludes                  ? Strength::kWeak
              : IsRemoteFileSystem(held) ? Strength::kRemote
                                         : Strength::kLocal;
  return tested;
}

}  // namespace

Status FileSystemCache::StrengthOf(const FileHandle& held, const std::string& path,
                                   const FileIdentity& identity, Strength* strength) {
  std::uint64_t key = FileSystemKey(held, identity);
  auto known = by_key_.find(key);
  if (key != 0 && known != by_key_.end()) {
    *strength = known->second;
    return Status::Ok();
  }
  Status tested = TestStrength(held, path, identity, strength);
  if (tested.ok() && key != 0) by_key_[key] = *strength;
  return tested;
}

void FileSystemCache::NoteRefusal(const FileHandle& refused, const FileIdentity& identity) {
  std::uint64_t key = FileSystemKey(refused, identity);
  if (key == 0 || by_key_.count(key) > 0 || IsRemoteFileSystem(refused)) return;
  by_key_[key] = Strength::kLocal;
}

}  // namespace gateway_lock
