// An open directory that closes itself. Included by .cc files only.
#pragma once

#include <dirent.h>

#include <memory>
#include <string>

namespace gateway_lock {

struct CloseDirectory {
  void operator()(DIR* directory) const { closedir(directory); }
};
using DirectoryStream = std::unique_ptr<DIR, CloseDirectory>;

// Opens a directory. On failure returns nullptr and sets errno.
inline DirectoryStream OpenDirectory(const std::string& path) {
  return DirectoryStream(opendir(path.c_str()));
}

}  // namespace gateway_lock
