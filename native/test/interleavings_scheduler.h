// Runs every schedule of a few actors. Each actor is a process that makes system calls.
//
// An actor is a coroutine that stops before each of its system calls. The scheduler then chooses an
// actor, which either makes its next call or is killed. The scheduler tries all choices, one after
// another, by running the actors again from the start. When a schedule reaches a known state, the
// scheduler does not continue from it again. A state consists of the results that each actor has
// received and the state of the kernel, because an actor's next call depends only on those results.
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

// The phase that an actor believes it is in. A planted fault takes effect in one phase only.
enum class Phase { kAcquiring, kHolding, kReleasing };

// A planted fault: a system call behaves as if a line of native/os were missing.
enum class Fault {
  kNone,
  kNoComparison,    // after flock(), lstat() shows the open file, whatever the path names
  kUnlockFirst,     // the release drops the lock before its first call
  kRemoveUnlocked,  // a shared holder is told that no other holder is left
};

class Actor {
 public:
  void Enter(Phase phase) { phase_ = phase; }
  Phase phase() const { return phase_; }
  int process() const { return process_; }
  // Until Leave(), another actor may hold the lock only if both locks are shared.
  void Hold(Held how) { holds_ = how; }
  void Leave() { holds_ = Held::kNone; }
  // Sets the content that the file must have while this actor holds the lock, or nullptr if any
  // content is allowed.
  void ExpectContent(const std::string* content) { content_ = content; }
  // Declares that only `what` and the descriptors decide this actor's next calls, and forgets all
  // earlier results.
  void Remember(std::uint64_t what) { answers_ = forgets_ ? what : Mix(answers_, what); }
  // Sets the number of the attempt to acquire. If the attempt starts over, only this number is
  // remembered.
  void Attempt(int number) { attempt_ = static_cast<std::uint64_t>(number) + 1; }
  void StartOver() { Remember(attempt_); }
  // Ends the part of the actor that runs before the schedule begins.
  void Ready() { ready_ = true; }
  // The descriptor returned by the last open(), for a call with a planted fault.
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
  bool dead_ = false;  // all calls fail without an effect, so that the actor ends
  std::uint64_t answers_ = 0;
  std::uint64_t attempt_ = 0;
  const char* pending_ = nullptr;  // the actor's next call
  ucontext_t context_ = {};
};

struct Scenario {
  using Body = std::function<void(Actor&)>;

  std::vector<Body> actors;
  // Runs alone after all other actors have ended.
  Body next;
  // The content of the file at the start, or nullptr if there is no file.
  const std::string* leftover = nullptr;
  // The index of an actor that acquires the lock before the schedule begins, or -1.
  int holder = -1;
  int kills = 1;
  Fault fault = Fault::kNone;
  // Ignores other signs of a fault and continues until two actors hold the lock.
  bool only_two_holders = false;
  // Uses RealKernel, to test SimulatedKernel.
  bool on_real_kernel = false;
  // How states are merged. kByAnswers and kNever are for testing the enumeration itself.
  enum class Merge { kByWhatDecides, kByAnswers, kNever } merge = Merge::kByWhatDecides;
};

struct Figures {
  double schedules = 0;  // number of complete schedules
  std::uint64_t states = 0;
  std::uint64_t executions = 0;
  std::size_t longest = 0;     // number of calls and kills
  std::string violation;       // empty if there is none
  std::string counterexample;  // the schedule that leads to the violation
};

class Scheduler {
 public:
  explicit Scheduler(const Scenario& scenario);

  Figures Run();
  // Runs the schedule determined by the seed, and returns its calls with their results.
  std::string Walk(std::uint32_t seed);

  // Returns the scheduler of the running schedule, or nullptr outside an actor.
  static Scheduler* Current();
  Actor& actor() { return actors_[static_cast<std::size_t>(running_)]; }
  Kernel& kernel() { return *kernel_; }
  Fault fault() const { return scenario_.fault; }
  // Waits for this actor's turn. Returns false if the call has to fail without an effect.
  bool Await(const char* call);
  // Records the result of a call, and a hash of everything else that the actor has learned from it.
  void Answer(long result, std::uint64_t told);
  // Reports a violation, which ends the exploration.
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
