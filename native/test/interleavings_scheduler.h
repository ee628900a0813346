// Runs every schedule of a few actors, each of which is a process that makes system calls.
//
// An actor is a coroutine. It stops before each of its system calls, and the scheduler chooses
// which actor makes its next call, or which one is killed there. All choices are tried, one after
// another, by running the actors again from the start. A state that was met before is not continued
// a second time: an actor's next call depends only on the answers that it has had, so a state is
// these answers together with the state of the kernel.
#pragma once

#include <ucontext.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "interleavings_kernel.h"

namespace gateway_lock::test {

// What an actor believes. A fault is planted in one phase only.
enum class Phase { kAcquiring, kHolding, kReleasing };

// A call that lies, in place of a line of native/os that is missing.
enum class Fault {
  kNone,
  kNoComparison,    // after the lock, lstat() shows the open file, whatever the path names
  kUnlockFirst,     // the release drops the lock before its first call
  kRemoveUnlocked,  // a shared holder is told that it is the last one
};

class Actor {
 public:
  void Enter(Phase phase) { phase_ = phase; }
  Phase phase() const { return phase_; }
  int process() const { return process_; }
  // From here on, until Leave(), no other actor may hold, unless both are shared.
  void Hold(Held how) { holds_ = how; }
  void Leave() { holds_ = Held::kNone; }
  // What the file must hold while this actor holds. nullptr: anything.
  void ExpectContent(const std::string* content) { content_ = content; }
  // All that decides this actor's next calls, beside its descriptors: forgets the answers up to
  // here.
  void Remember(std::uint64_t what) { answers_ = forgets_ ? what : Mix(answers_, what); }
  // The number of the attempt to acquire. It is all that is left when an attempt starts over.
  void Attempt(int number) { attempt_ = static_cast<std::uint64_t>(number) + 1; }
  void StartOver() { Remember(attempt_); }
  // Ends the part that runs before the schedule begins.
  void Ready() { ready_ = true; }
  // For a lying call: the descriptor of the last open().
  int last_opened = -1;

 private:
  friend class Scheduler;
  enum class State { kRunning, kDone, kKilled };

  int process_ = 0;
  State state_ = State::kRunning;
  Phase phase_ = Phase::kAcquiring;
  Held holds_ = Held::kNone;
  const std::string* content_ = nullptr;
  bool ready_ = false;
  bool forgets_ = true;
  bool dead_ = false;  // its calls fail without an effect, so that it ends
  std::uint64_t answers_ = 0;
  std::uint64_t attempt_ = 0;
  const char* pending_ = nullptr;  // the call that it makes next
  ucontext_t context_ = {};
};

struct Scenario {
  using Body = std::function<void(Actor&)>;

  std::vector<Body> actors;
  // Runs alone after all other actors have ended.
  Body next;
  // The content of the file at the start; nullptr: there is none.
  const std::string* leftover = nullptr;
  // An actor that has acquired before the schedule begins: the index, or -1.
  int holder = -1;
  int kills = 1;
  Fault fault = Fault::kNone;
  // Goes on after the earlier signs of a fault, until two actors hold.
  bool only_two_holders = false;
  // For the test of the simulated kernel.
  bool on_real_kernel = false;
  // For the test of the enumeration itself: states are merged by all answers, or not at all.
  enum class Merge { kByWhatDecides, kByAnswers, kNever } merge = Merge::kByWhatDecides;
};

struct Figures {
  double schedules = 0;  // complete ones, each with all its calls
  std::uint64_t states = 0;
  std::uint64_t executions = 0;
  std::size_t longest = 0;     // calls and kills
  std::string violation;       // empty: none
  std::string counterexample;  // the schedule that leads to the violation
};

class Scheduler {
 public:
  explicit Scheduler(const Scenario& scenario);

  Figures Run();
  // Runs one schedule, chosen by the seed, and returns its calls with their answers.
  std::string Walk(std::uint32_t seed);

  // For the system calls and the actors of the schedule that runs; nullptr outside.
  static Scheduler* Current();
  Actor& actor() { return actors_[static_cast<std::size_t>(running_)]; }
  Kernel& kernel() { return *kernel_; }
  Fault fault() const { return scenario_.fault; }
  // Waits for this actor's turn. False: the call has to fail without an effect.
  bool Await(const char* call);
  // The answer, and what else the actor was told.
  void Answer(long result, std::uint64_t told);
  // Ends the exploration.
  void Violate(const std::string& what);

 private:
  static constexpr std::size_t kStackSize = 64 * 1024;

  struct Choice {
    int actor;
    bool kill;
  };
  struct Node {
    std::uint64_t state;
    std::vector<Choice> choices;
    std::size_t chosen;
    double schedules;
  };

  static void Begin();
  void Restart();
  void Start(int index, const Scenario::Body& body);
  void Resume(int index);
  void Apply(const Choice& choice);
  double Extend();
  void Backtrack(double schedules);
  void BuryActors();
  std::vector<Choice> Choices() const;
  std::uint64_t State() const;
  std::uint64_t StateOf(const Actor& actor) const;
  void CheckHolders();
  void CheckEnd();
  std::string Trace();

  const Scenario& scenario_;
  std::unique_ptr<Kernel> kernel_;
  std::vector<Actor> actors_;
  std::vector<std::vector<char>> stacks_;
  const Scenario::Body* starting_ = nullptr;
  int running_ = -1;
  bool setting_up_ = false;
  int kills_ = 0;
  std::vector<Node> path_;
  std::unordered_map<std::uint64_t, double> known_;
  ucontext_t main_ = {};
  Figures figures_;
  bool tracing_ = false;
  std::string trace_;
};

}  // namespace gateway_lock::test
