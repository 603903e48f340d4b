#include "tests/history/history.h"

#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"

namespace playhead::testing {
namespace {

// An append that is in the log.
struct Stored {
  const AppendCall* append = nullptr;
  uint64_t first = 0;
  uint64_t last = 0;
  Moment earliest = 0;
  Moment latest = kNever;
};

class Checker {
 public:
  explicit Checker(const History& history) : history_(history) {}

  std::vector<std::string> Run() {
    CheckLog();
    for (const AppendCall& append : history_.appends) Place(append);
    std::sort(stored_.begin(), stored_.end(), [](const Stored& a, const Stored& b) { return a.first < b.first; });
    CheckThatAllIsSomebodys();
    // What follows reads the log as the appends explain it.
    if (!violations_.empty()) return std::move(violations_);
    for (const ReadCall& read : history_.reads) TakeRead(read);
    for (const StreamCall& stream : history_.streams) TakeStream(stream);
    CheckMoments();
    for (const AppendCall& append : history_.appends) CheckCondition(append);
    return std::move(violations_);
  }

 private:
  template <typename... Parts>
  void Violation(const Parts&... parts) {
    violations_.push_back(absl::StrCat(parts...));
  }

  void CheckLog() {
    uint64_t expected = 1;
    for (const SeenEvent& event : history_.log) {
      if (event.cursor != expected) Violation("the log has cursor ", event.cursor, " where ", expected, " should be");
      expected = event.cursor + 1;
      if (!cursors_.emplace(event.tag, event.cursor).second) Violation(event.tag, " is in the log twice");
    }
  }

  void Place(const AppendCall& append) {
    const auto first = cursors_.find(append.tags.front());
    const bool is_there = first != cursors_.end();
    if (append.answer == AppendCall::Answer::kMismatch && is_there) {
      return Violation(append.tags.front(), " was refused and is in the log");
    }
    if (append.answer == AppendCall::Answer::kStored && (!is_there || first->second != append.first_cursor)) {
      return Violation(append.tags.front(), " was acknowledged at ", append.first_cursor, " and is ",
                       is_there ? absl::StrCat("at ", first->second) : "lost");
    }
    for (size_t i = 0; i < append.tags.size(); ++i) {
      const auto found = cursors_.find(append.tags[i]);
      if ((found != cursors_.end()) != is_there || (is_there && found->second != first->second + i)) {
        return Violation("the batch of ", append.tags.front(), " is not in the log as a whole");
      }
    }
    if (!is_there) return;
    if (append.expected_cursor && *append.expected_cursor + 1 != first->second) {
      Violation(append.tags.front(), " was to follow ", *append.expected_cursor, " and is at ", first->second);
    }
    stored_.push_back(
        {&append, first->second, first->second + append.tags.size() - 1, append.call.called, append.call.answered});
  }

  void CheckThatAllIsSomebodys() {
    uint64_t next = 1;
    for (const Stored& stored : stored_) {
      if (stored.first != next) Violation("cursor ", next, " is nobody's");
      next = stored.last + 1;
    }
    if (next != history_.log.size() + 1) Violation("cursor ", next, " is nobody's");
  }

  // Of the append that has the cursor. REQUIRES: it is in the log.
  Stored& At(uint64_t cursor) {
    return *std::lower_bound(stored_.begin(), stored_.end(), cursor,
                             [](const Stored& stored, uint64_t value) { return stored.last < value; });
  }

  bool IsInLog(const SeenEvent& event) const {
    return event.cursor >= 1 && event.cursor <= history_.log.size() && history_.log[event.cursor - 1] == event;
  }

  void TakeRead(const ReadCall& read) {
    uint64_t expected = read.after_cursor + 1;
    for (const SeenEvent& event : read.events) {
      if (!IsInLog(event)) return Violation("a read saw ", event.tag, " at ", event.cursor, ", which is not so");
      if (event.cursor != expected) return Violation("a read skipped from ", expected, " to ", event.cursor);
      ++expected;
    }
    if (expected != read.head_cursor + 1 && read.after_cursor <= read.head_cursor) {
      return Violation("a read that ends at ", expected - 1, " said that the head is ", read.head_cursor);
    }
    if (read.head_cursor > history_.log.size()) return Violation("a read saw the head ", read.head_cursor);
    if (read.head_cursor > 0) {
      Stored& last = At(read.head_cursor);
      if (last.last != read.head_cursor) {
        return Violation("a read saw the batch of ", last.append->tags.front(), " in part");
      }
      last.latest = std::min(last.latest, read.call.answered);
    }
    // Who called behind it has not seen it, so it came later.
    if (read.head_cursor < history_.log.size()) {
      Stored& unseen = At(read.head_cursor + 1);
      unseen.earliest = std::max(unseen.earliest, read.call.called);
    }
  }

  void TakeStream(const StreamCall& stream) {
    uint64_t expected = 1;
    for (const StreamCall::Delivered& delivered : stream.events) {
      const SeenEvent& event = delivered.event;
      if (!IsInLog(event)) return Violation("a stream had ", event.tag, " at ", event.cursor, ", which is not so");
      if (event.cursor != expected) return Violation("a stream skipped from ", expected, " to ", event.cursor);
      ++expected;
      Stored& stored = At(event.cursor);
      stored.latest = std::min(stored.latest, delivered.at);
    }
  }

  void CheckMoments() {
    Moment earliest = 0;
    for (Stored& stored : stored_) {
      earliest = stored.earliest = std::max(stored.earliest, earliest);
    }
    // What is seen shows that all before it is there.
    Moment latest = kNever;
    for (auto stored = stored_.rbegin(); stored != stored_.rend(); ++stored) {
      latest = stored->latest = std::min(stored->latest, latest);
      if (stored->earliest > stored->latest) {
        Violation(stored->append->tags.front(), " was there at ", stored->latest, " and was not yet at ",
                  stored->earliest);
      }
    }
  }

  // A refusal is wrong if the log ended with the expected cursor all the time.
  void CheckCondition(const AppendCall& append) {
    if (append.answer != AppendCall::Answer::kMismatch || *append.expected_cursor > history_.log.size()) return;
    const uint64_t head = *append.expected_cursor;
    const bool was_there = head == 0 || (At(head).last == head && At(head).latest < append.call.called);
    const bool stayed = head == history_.log.size() || At(head + 1).earliest > append.call.answered;
    if (was_there && stayed) {
      Violation(append.tags.front(), " was refused, though the head was ", head, " all the time");
    }
  }

  const History& history_;
  absl::flat_hash_map<std::string, uint64_t> cursors_;  // By tag, of the log.
  std::vector<Stored> stored_;                          // In the order of the log.
  std::vector<std::string> violations_;
};

}  // namespace

std::vector<std::string> FindViolations(const History& history) { return Checker(history).Run(); }

}  // namespace playhead::testing
