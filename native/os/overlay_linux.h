// The layers of the overlay mounts of this system. For second_view_linux.cc only.
#pragma once

#include <string>

namespace gateway_lock {

// Returns true if `merged` is on an overlay mount and shows the file at `plain` of one of its
// layers.
bool IsOverlaid(const std::string& merged, const std::string& plain);

}  // namespace gateway_lock
