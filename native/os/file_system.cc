#include "file_system.h"

namespace gateway_lock {

Status KnownFileSystems::Judge(const FileHandle& held, const std::string& path,
                               const FileIdentity& identity, Strength* strength) {
  auto known = by_device_.find(identity.device);
  if (known == by_device_.end()) {
    bool excludes = false;
    Status tested = TestExclusion(path, identity, &excludes);
    if (!tested.ok()) return tested;
    Strength found = !excludes                  ? Strength::kWeak
                     : IsRemoteFileSystem(held) ? Strength::kRemote
                                                : Strength::kKernel;
    known = by_device_.emplace(identity.device, found).first;
  }
  *strength = known->second;
  return Status::Ok();
}

}  // namespace gateway_lock
