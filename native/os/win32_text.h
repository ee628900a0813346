// UTF-8, which JavaScript and this layer speak, and UTF-16, which Windows does. Included by
// _win32.cc files only.
#pragma once

#include <string>

namespace gateway_lock {

// What is not valid on one side becomes U+FFFD on the other.
std::wstring Wide(const std::string& text);
std::string Utf8(const std::wstring& text);

}  // namespace gateway_lock
