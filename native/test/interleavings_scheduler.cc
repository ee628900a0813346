#include "interleavings_scheduler.h"

#include <algorithm>
#include <random>
#include <utility>

#include "test.h"

namespace gateway_lock::test {
namespace {

constexpr const char* kTwoHolders = "two holders";

Scheduler* current = nullptr;

bool Excludes(Held a, Held b) {
  return a != Held::kNone && b != Held::kNone && (a == Held::kExclusive || b == Held::kExclusive);
}

}  // namespace

Scheduler::Scheduler(const Scenario& scenario) : scenario_(scenario) {
  std::size_t count = scenario.actors.size() + 1;
  CHECK(count <= Kernel::kProcesses);
  stacks_.assign(count, std::vector<char>(kStackSize));
}

Scheduler* Scheduler::Current() {
  return current != nullptr && current->running_ >= 0 ? current : nullptr;
}

Figures Scheduler::Run() {
  current = this;
  do {
    Restart();
    // Uses an index, because Apply() could invalidate an iterator.
    for (std::size_t i = 0; i < path_.size(); ++i) Apply(path_[i].choices[path_[i].chosen]);
    double schedules = Extend();
    BuryActors();
    if (!figures_.violation.empty()) break;
    Backtrack(schedules);
  } while (!path_.empty());
  if (!figures_.violation.empty()) figures_.counterexample = Trace();
  current = nullptr;
  figures_.states = known_.size();
  return figures_;
}

std::string Scheduler::Walk(std::uint32_t seed) {
  current = this;
  std::mt19937 random(seed);
  Restart();
  tracing_ = true;
  for (auto choices = Choices(); !choices.empty(); choices = Choices()) {
    Apply(choices[random() % choices.size()]);
  }
  CheckEnd();
  tracing_ = false;
  BuryActors();
  current = nullptr;
  CHECK(figures_.violation.empty());
  return std::exchange(trace_, "");
}

// Continues from the end of the path until it reaches a known state or the end of the schedule.
double Scheduler::Extend() {
  while (figures_.violation.empty()) {
    std::uint64_t state = State();
    auto known = known_.find(state);
    bool merges = scenario_.merge != Scenario::Merge::kNever;
    if (merges && known != known_.end()) return known->second;
    std::vector<Choice> choices = Choices();
    if (choices.empty()) {
      figures_.longest = std::max(figures_.longest, path_.size());
      CheckEnd();
      return known_[state] = 1;
    }
    path_.push_back({state, std::move(choices), 0, 0});
    Apply(path_.back().choices[0]);
  }
  return 0;
}

void Scheduler::Backtrack(double schedules) {
  while (!path_.empty()) {
    Node& node = path_.back();
    node.schedules += schedules;
    if (++node.chosen < node.choices.size()) return;
    schedules = known_[node.state] = node.schedules;
    path_.pop_back();
  }
  figures_.schedules = schedules;
}

void Scheduler::Restart() {
  ++figures_.executions;
  if (scenario_.on_real_kernel) {
    kernel_ = std::make_unique<RealKernel>(scenario_.leftover);
  } else {
    kernel_ = std::make_unique<SimulatedKernel>(scenario_.leftover);
  }
  kills_ = 0;
  actors_.assign(scenario_.actors.size() + 1, Actor());
  auto start = [&](int index) {
    Start(index, scenario_.actors[static_cast<std::size_t>(index)]);
    while (setting_up_ && !actors_[static_cast<std::size_t>(index)].ready_) Resume(index);
  };
  setting_up_ = true;
  if (scenario_.holder >= 0) start(scenario_.holder);
  setting_up_ = false;
  for (int index = 0; index < static_cast<int>(scenario_.actors.size()); ++index) {
    if (index != scenario_.holder) start(index);
  }
}

// Runs the actor until just before its first call.
void Scheduler::Start(int index, const Scenario::Body& body) {
  Actor& actor = actors_[static_cast<std::size_t>(index)];
  actor.process_ = index;
  actor.forgets_ = scenario_.merge == Scenario::Merge::kByWhatDecides;
  getcontext(&actor.context_);
  std::vector<char>& stack = stacks_[static_cast<std::size_t>(index)];
  actor.context_.uc_stack.ss_sp = stack.data();
  actor.context_.uc_stack.ss_size = stack.size();
  actor.context_.uc_link = &main_;
  makecontext(&actor.context_, Begin, 0);
  starting_ = &body;
  Resume(index);
}

void Scheduler::Begin() {
  Scheduler* scheduler = current;
  (*scheduler->starting_)(scheduler->actor());
  scheduler->actor().state_ = Actor::State::kDone;
  scheduler->actor().Leave();
}

void Scheduler::Resume(int index) {
  running_ = index;
  swapcontext(&main_, &actors_[static_cast<std::size_t>(index)].context_);
  running_ = -1;
}

bool Scheduler::Await(const char* call) {
  Actor& self = actor();
  self.pending_ = call;
  if (!self.dead_) swapcontext(&self.context_, &main_);
  if (tracing_ && !self.dead_) {
    trace_ += "  process " + std::to_string(self.process_) + ": " + call;
  }
  return !self.dead_;
}

void Scheduler::Answer(long result, std::uint64_t told) {
  Actor& self = actor();
  self.answers_ = Mix(Mix(self.answers_, static_cast<std::uint64_t>(result)), told);
  if (tracing_) trace_ += " = " + std::to_string(result) + "\n";
}

void Scheduler::Violate(const std::string& what) {
  bool counts = running_ < 0 || !actor().dead_;
  if (scenario_.only_two_holders && what != kTwoHolders) return;
  if (counts && figures_.violation.empty()) figures_.violation = what;
}

void Scheduler::Apply(const Choice& choice) {
  Actor& chosen = actors_[static_cast<std::size_t>(choice.actor)];
  if (choice.kill) {
    ++kills_;
    chosen.state_ = Actor::State::kKilled;
    chosen.Leave();
    kernel_->End(choice.actor);
    if (tracing_) trace_ += "  process " + std::to_string(choice.actor) + " is killed\n";
  } else {
    Resume(choice.actor);
  }
  CheckHolders();
}

// Lets each remaining actor continue with failing calls, so that it ends and frees its memory.
void Scheduler::BuryActors() {
  for (std::size_t index = 0; index < actors_.size(); ++index) {
    Actor& actor = actors_[index];
    if (actor.state_ == Actor::State::kDone || actor.context_.uc_link == nullptr) continue;
    actor.dead_ = true;
    Resume(static_cast<int>(index));
    CHECK(actor.state_ == Actor::State::kDone);
  }
}

std::vector<Scheduler::Choice> Scheduler::Choices() const {
  std::vector<Choice> choices;
  for (int index = 0; index < static_cast<int>(scenario_.actors.size()); ++index) {
    if (actors_[static_cast<std::size_t>(index)].state_ != Actor::State::kRunning) continue;
    choices.push_back({index, false});
    if (kills_ < scenario_.kills) choices.push_back({index, true});
  }
  return choices;
}

// All states of an ended actor are equal, because it has no effect on the rest of the schedule.
std::uint64_t Scheduler::StateOf(const Actor& actor) const {
  if (actor.state_ != Actor::State::kRunning) return 0;
  std::uint64_t state = Mix(actor.answers_, static_cast<std::uint64_t>(actor.phase_));
  return Mix(state, reinterpret_cast<std::uintptr_t>(actor.pending_)) | 1;
}

std::uint64_t Scheduler::State() const {
  std::uint64_t state = Mix(kernel_->Hash(), static_cast<std::uint64_t>(kills_));
  for (const Actor& actor : actors_) state = Mix(state, StateOf(actor));
  return state;
}

void Scheduler::CheckHolders() {
  for (const Actor& one : actors_) {
    if (one.holds_ == Held::kNone) continue;
    if (!kernel_->HasLockAtPath(one.process_)) Violate("a holder's lock is not on the file");
    for (const Actor& other : actors_) {
      if (&one != &other && Excludes(one.holds_, other.holds_)) Violate(kTwoHolders);
    }
    if (one.content_ != nullptr && kernel_->Content() != *one.content_) {
      Violate("a holder's record is not what the file holds");
    }
  }
}

void Scheduler::CheckEnd() {
  for (std::size_t index = 0; index < scenario_.actors.size(); ++index) {
    if (kernel_->HasDescriptors(static_cast<int>(index))) Violate("a descriptor is left open");
  }
  bool untidy = !kernel_->IsPathFree() && !kernel_->Content().empty();
  if (kills_ == 0 && untidy) Violate("a record is left without a kill");
  int last = static_cast<int>(scenario_.actors.size());
  Start(last, scenario_.next);
  Actor& next = actors_.back();
  while (next.state_ == Actor::State::kRunning && figures_.violation.empty()) Resume(last);
  if (kernel_->HasDescriptors(last)) Violate("a descriptor is left open by the next starter");
}

// Repeats the schedule that ended in the violation and records each call.
std::string Scheduler::Trace() {
  std::string violation = std::exchange(figures_.violation, "");
  Restart();
  tracing_ = true;
  for (std::size_t i = 0; i < path_.size(); ++i) Apply(path_[i].choices[path_[i].chosen]);
  if (figures_.violation.empty() && Choices().empty()) CheckEnd();
  tracing_ = false;
  BuryActors();
  figures_.violation = violation;
  return std::exchange(trace_, "");
}

}  // namespace gateway_lock::test
