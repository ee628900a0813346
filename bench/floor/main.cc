// Serves the same protocol as bench/contestant.mjs, without Node: reads one request per line from
// stdin and writes one number per line to stdout. Times are nanoseconds of CLOCK_MONOTONIC, the
// clock of process.hrtime().
//
//   cycle COUNT PATH       cycleKept COUNT PATH   cycleExisting COUNT PATH
//   refused COUNT PATH     probe COUNT PATH       gateway COUNT STATE PORT
//   hold PATH -> 0         wait PATH -> time of the acquire            drop -> time of the release
//   fill COUNT FOLDER      memory -> bytes of RSS                      descriptors -> their number
//
// With a lock path as argument, makes one attempt to acquire the lock. On success, prints "held",
// holds the lock until stdin ends, and exits with 0. If refused, exits with 1.
#include <dirent.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "gateway.h"
#include "lock.h"

namespace floor_bench {
namespace {

std::vector<Lock> held;

long long Now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

void Must(bool done) {
  if (!done) {
    perror("floor");
    exit(3);
  }
}

long long Time(int count, const std::function<bool()>& once) {
  long long start = Now();
  for (int i = 0; i < count; ++i) Must(once());
  return Now() - start;
}

bool Cycle(const std::string& path) {
  Lock lock;
  if (TryLock(path, &lock) != Try::kHeld) return false;
  Unlock(&lock);
  return true;
}

bool CycleKept(const std::string& path) {
  Lock lock;
  if (TryLock(path, &lock) != Try::kHeld) return false;
  UnlockKept(&lock);
  return true;
}

bool Refused(const std::string& path) {
  Lock lock;
  return TryLock(path, &lock) == Try::kRefused;
}

bool Hold(const std::string& path) {
  held.emplace_back();
  return TryLock(path, &held.back()) == Try::kHeld;
}

long long Wait(const std::string& path) {
  held.emplace_back();
  Must(WaitLock(path, &held.back()));
  return Now();
}

long long Drop() {
  long long start = Now();
  for (Lock& lock : held) Unlock(&lock);
  held.clear();
  return start;
}

long long Fill(int count, const std::string& folder) {
  int next = 0;
  return Time(count, [&] { return Hold(folder + "/" + std::to_string(next++) + ".lock"); });
}

long long Memory() {
  FILE* file = fopen("/proc/self/statm", "r");
  Must(file != nullptr);
  long long pages = 0;
  Must(fscanf(file, "%*s %lld", &pages) == 1);
  fclose(file);
  return pages * sysconf(_SC_PAGESIZE);
}

long long Descriptors() {
  DIR* folder = opendir("/proc/self/fd");
  Must(folder != nullptr);
  long long count = 0;
  while (readdir(folder) != nullptr) ++count;
  closedir(folder);
  return count - 3;  // ".", ".." and the descriptor of this directory
}

long long Answer(std::istringstream& request) {
  std::string word;
  std::string path;
  int count = 0;
  request >> word;
  if (word == "drop") return Drop();
  if (word == "memory") return Memory();
  if (word == "descriptors") return Descriptors();
  if (word != "hold" && word != "wait") request >> count;
  request >> path;
  if (word == "hold") return Hold(path) ? 0 : -1;
  if (word == "wait") return Wait(path);
  if (word == "fill") return Fill(count, path);
  if (word == "cycle") return Time(count, [&] { return Cycle(path); });
  if (word == "cycleKept") return Time(count, [&] { return CycleKept(path); });
  if (word == "cycleExisting") return Time(count, [&] { return CycleExisting(path); });
  if (word == "refused") return Time(count, [&] { return Refused(path); });
  if (word == "probe") return Time(count, [&] { return ProbeHeld(path); });
  int port = 0;
  request >> port;
  return Time(count, [&] { return StartAndCloseGateway(path, port); });
}

void Serve() {
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream request(line);
    std::cout << Answer(request) << std::endl;
  }
}

int Contend(const std::string& path) {
  Lock lock;
  if (TryLock(path, &lock) != Try::kHeld) return 1;
  std::cout << "held" << std::endl;
  for (std::string line; std::getline(std::cin, line);) continue;
  Unlock(&lock);
  return 0;
}

}  // namespace
}  // namespace floor_bench

int main(int count, char** arguments) {
  if (count > 1) return floor_bench::Contend(arguments[1]);
  floor_bench::Serve();
  return 0;
}
