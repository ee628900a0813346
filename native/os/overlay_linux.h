// Which directories an overlay mount shows. For second_view_linux.cc only.
#pragma once

#include <string>

namespace gateway_lock {

// Whether `merged` lies on an overlay mount and shows what lies at `plain` in one of its layers.
bool IsOverlaid(const std::string& merged, const std::string& plain);

}  // namespace gateway_lock
