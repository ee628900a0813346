// Converts between UTF-8 (JavaScript and this layer) and UTF-16 (Windows). Included by _win32.cc
// files only.
#pragma once

#include <string>

namespace gateway_lock {

// Invalid text becomes U+FFFD.
std::wstring Wide(const std::string& text);
std::string Utf8(const std::wstring& text);

}  // namespace gateway_lock
