// Finds layers of overlay mounts. Included by second_view_linux.cc only.
#pragma once

#include <string>

namespace gateway_lock {

// Returns true if `merged` is a path on an overlay mount and `plain` is the path of the same file
// in one of its layers.
bool IsOverlaid(const std::string& merged, const std::string& plain);

}  // namespace gateway_lock
