#include "storage/many/instance_merge.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "storage/blocks/block_search.h"
#include "storage/blocks/block_store.h"
#include "storage/part_collector.h"

namespace playhead::storage {
namespace {

// The reader's place in one log, and the log's next block.
struct Lane {
  std::shared_ptr<Instance> instance;
  Cursor reached;
  std::unique_ptr<BlockIterator> block;  // nullptr at the end of the log.
  StorePosition next;                    // Of the first event of `block`.
  // The log's bounds when `block` was made; it may not see later events.
  Cursor first;
  Cursor head;

  bool ended() const { return block == nullptr; }
};

// Orders the heap: the lowest position on top.
bool ComesLater(const Lane* a, const Lane* b) { return a->next > b->next; }

class InstanceMerge {
 public:
  InstanceMerge(const ManySource& source, const ManyReadOptions& options)
      : source_(source), options_(options), parts_(options, source.lives) {}

  // Finds the lanes and the reader's place in each. False if the logs do not tell.
  absl::StatusOr<bool> Open() {
    const auto* known = options_.reader->CursorsAt(options_.after);
    for (const std::string& name : options_.reader->selector().names()) {
      auto instance = FindNamed(source_, name);
      if (!instance.ok()) return instance.status();
      if (*instance == nullptr) continue;
      Lane lane{*std::move(instance), Cursor(), nullptr, {}};
      if (const auto found = known == nullptr ? decltype(known->end())() : known->find(lane.instance->number().value());
          known != nullptr && found != known->end()) {
        lane.reached = found->second;
      } else {
        const auto reached = Reached(lane.instance);
        if (!reached.ok()) return reached.status();
        if (!*reached) return false;
        lane.reached = **reached;
      }
      lanes_.push_back(std::move(lane));
    }
    return true;
  }

  absl::StatusOr<ManyReadResult> Run() {
    const auto end_reached = Merge();
    if (!end_reached.ok() && !parts_.found_any()) return end_reached.status();
    ManyReadResult result = parts_.Finish(end_reached.value_or(false));
    absl::flat_hash_map<uint64_t, Cursor> cursors;
    for (const Lane& lane : lanes_) cursors[lane.instance->number().value()] = lane.reached;
    options_.reader->NoteCursors(result.next, std::move(cursors));
    return result;
  }

 private:
  // Returns whether the end of all lanes was reached.
  absl::StatusOr<bool> Merge() {
    std::vector<Lane*> heap;
    for (Lane& lane : lanes_) {
      if (absl::Status status = Seek(lane); !status.ok()) return status;
      if (!lane.ended()) heap.push_back(&lane);
    }
    std::make_heap(heap.begin(), heap.end(), ComesLater);
    bool fitted = true;
    while (fitted && !heap.empty() && !parts_.full()) {
      std::pop_heap(heap.begin(), heap.end(), ComesLater);
      Lane& lane = *heap.back();
      // Continue with this lane while no other comes first.
      do {
        const auto taken = TakeBlock(lane);
        if (!taken.ok()) return taken.status();
        fitted = *taken;
      } while (fitted && !lane.ended() && !parts_.full() && (heap.size() == 1 || lane.next < heap.front()->next));
      if (lane.ended()) {
        heap.pop_back();
      } else {
        std::push_heap(heap.begin(), heap.end(), ComesLater);
      }
    }
    if (!fitted || !heap.empty()) return false;
    parts_.PassTo(std::max(parts_.position(), StorePosition::EndOf(source_.head)));
    return true;
  }

  // The reader's place in the log according to the position; nullopt if that does not tell.
  absl::StatusOr<std::optional<Cursor>> Reached(const std::shared_ptr<Instance>& instance) {
    const StorePosition& after = options_.after;
    if (instance->number() == after.instance && after.cursor != Cursor()) return after.cursor;
    const LogBounds bounds = instance->bounds();
    if (after.commit == CommitPosition()) return Cursor();
    const CommitPosition commit =
        instance->number() <= after.instance ? after.commit : CommitPosition(after.commit.value() - 1);
    auto found = FindCommitInLog(source_.store, *instance, commit);
    if (!found.ok()) {
      if (instance->deleted()) return Cursor();
      return found.status();
    }
    if (bounds.first.sequence() > 1 && *found <= instance->bounds().BeforeFirst()) return std::nullopt;
    return *found;
  }

  // Moves the lane to the block after the cursor it has reached; ends it if there is none up to the head.
  absl::Status Seek(Lane& lane) {
    const LogBounds bounds = lane.instance->bounds();
    PassTrimmed(lane, bounds);
    if (lane.instance->deleted() || bounds.head.sequence() <= lane.reached.sequence() || bounds.event_count() == 0) {
      lane.block.reset();
      return absl::OkStatus();
    }
    lane.first = bounds.first;
    lane.head = bounds.head;
    lane.block = std::make_unique<BlockIterator>(source_.store, lane.instance->number());
    lane.block->Seek(lane.reached + 1);
    return Look(lane);
  }

  // Reads the header of the lane's current block. A missing block is noticed here, before later events of other lanes
  // are taken.
  absl::Status Look(Lane& lane) {
    if (!lane.block->Valid()) {
      if (!lane.block->status().ok()) return SeekAgain(lane, Unreadable(lane, lane.block->status()));
      if (lane.head.sequence() > lane.reached.sequence()) return SeekAgain(lane, Hole(lane, "nothing follows"));
      lane.block.reset();
      return absl::OkStatus();
    }
    const auto header = Block::DecodeHeader(lane.block->value());
    if (!header.ok()) return Unreadable(lane, header.status());
    if (header->first.sequence() > lane.reached.sequence() + 1) {
      return SeekAgain(lane, Hole(lane, absl::StrCat("the next block starts at ", header->first.sequence())));
    }
    if (header->commit > source_.head) {
      lane.block.reset();
      return absl::OkStatus();
    }
    lane.next = {header->commit, lane.instance->number(), header->first};
    return absl::OkStatus();
  }

  // An expected block is missing. Seeks again if the log was trimmed or deleted since the last seek; otherwise returns
  // `error`.
  absl::Status SeekAgain(Lane& lane, absl::Status error) {
    if (!lane.instance->deleted() && lane.instance->bounds().first <= lane.first) return error;
    return Seek(lane);
  }

  static absl::Status Hole(const Lane& lane, absl::string_view found) {
    return LogHole(*lane.instance, lane.reached.sequence() + 1, found);
  }
  static absl::Status Unreadable(const Lane& lane, const absl::Status& error) {
    return LogUnreadable(*lane.instance, absl::StrCat("behind cursor ", lane.reached.value()), error);
  }

  // Reports trimmed events at once: they belonged to commits that the other lanes may be about to pass.
  void PassTrimmed(Lane& lane, const LogBounds& bounds) {
    if (bounds.first.sequence() <= lane.reached.sequence() + 1 || bounds.head == Cursor()) return;
    parts_.PassTrimmed(lane.instance, lane.reached, parts_.position());
    lane.reached = bounds.BeforeFirst();
  }

  // Takes the lane's current block and moves on. False if not all of it fit.
  absl::StatusOr<bool> TakeBlock(Lane& lane) {
    const auto block = lane.block->block(lane.instance->name());
    if (!block.ok()) return Unreadable(lane, block.status());
    PassTrimmed(lane, lane.instance->bounds());
    if ((*block)->last() > lane.reached) {
      lane.reached = parts_.Take(lane.instance, *block, lane.reached);
      if (lane.reached < (*block)->last()) return false;
    }
    lane.block->Next();
    if (absl::Status status = Look(lane); !status.ok()) return status;
    return true;
  }

  const ManySource& source_;
  const ManyReadOptions& options_;
  PartCollector parts_;
  std::vector<Lane> lanes_;
};

}  // namespace

std::optional<ManyReadResult> MergeInstances(const ManySource& source, const ManyReadOptions& options) {
  InstanceMerge merge(source, options);
  const auto opened = merge.Open();
  if (!opened.ok() || !*opened) return std::nullopt;
  auto result = merge.Run();
  if (!result.ok()) return std::nullopt;
  return *std::move(result);
}

}  // namespace playhead::storage
