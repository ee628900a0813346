// Functions that let tests create directories, read and write files, and act as other users.
#pragma once

#include <functional>
#include <string>

namespace gateway_lock::test {

// A new directory that every user can enter and only its owner can write to. The destructor removes
// the directory and its content.
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

// Returns the descriptor with which this process has the file open, or -1 if there is none.
int DescriptorOf(const std::string& path);
bool IsCloseOnExec(int fd);

// Runs `body` in a forked child. Fails the test if a check in the child fails. The child ends with
// _exit(), so it runs no destructors.
void InForkedChild(const std::function<void()>& body);
// Like InForkedChild(), but the child runs as a user without privileges. If this process is root,
// that is `nobody`.
void AsOrdinaryUser(const std::function<void()>& body);
// Skips the test unless this process is root.
void RequireRoot();

}  // namespace gateway_lock::test
