// Converts between UTF-8, which JavaScript and this layer use, and UTF-16, which Windows uses.
// Included by _win32.cc files only.
#pragma once

#include <string>

namespace gateway_lock {

// Invalid text is converted to U+FFFD.
std::wstring Wide(const std::string& text);
std::string Utf8(const std::wstring& text);

}  // namespace gateway_lock
