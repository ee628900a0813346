// Directories, files and users for the tests to work with.
#pragma once

#include <functional>
#include <string>

namespace gateway_lock::test {

// A fresh directory that every user may enter and only we may write to, removed with its content.
class Directory {
 public:
  Directory();
  ~Directory();
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const char* name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

void WriteFile(const std::string& path, const std::string& content);
std::string ReadFile(const std::string& path);
bool Exists(const std::string& path);
unsigned ModeOf(const std::string& path);
std::uint64_t InodeOf(const std::string& path);

// The descriptor of this process that has the path's file open; -1 for none.
int DescriptorOf(const std::string& path);
bool IsCloseOnExec(int fd);

// Runs in a forked child; fails the test unless all its checks held. The child's copies of the
// caller's objects are not destroyed.
void InForkedChild(const std::function<void()>& body);
// The same as a user without privileges (nobody when we are root); a root's file may then be
// foreign.
void AsOrdinaryUser(const std::function<void()>& body);
void NeedsRoot();

}  // namespace gateway_lock::test
