#include "broker/grpc/parked_page.h"

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "proto/errors.h"
#include "proto/event_wire.h"
#include "storage/event_filter.h"
#include "storage/limits.h"

namespace playhead::broker {
namespace {

// Distinguishes our tokens from other text, and names their format.
constexpr absl::string_view kForm = "p1:";

std::string EncodeParkedToken(uint64_t last_number) {
  return absl::WebSafeBase64Escape(absl::StrCat(kForm, last_number));
}

v1::ParkedEvent ToProto(const ParkedRow& row) {
  v1::ParkedEvent out;
  out.set_number(row.number);
  out.set_instance(row.instance);
  out.set_cursor(row.cursor.value());
  out.set_attempts(row.attempts);
  out.set_reason(row.reason);
  out.set_parked_at(row.parked_at.micros());
  return out;
}

// Includes hidden types, since the consumer's filter has already let parked events through.
std::shared_ptr<const storage::EventFilter> MatchEverything() {
  const std::string hidden = absl::StrCat(storage::kHiddenTypePrefix, "*");
  return std::make_shared<const storage::EventFilter>(*storage::EventFilter::Make({"*", hidden}));
}

// Reads the events of a page one after another. Keeps itself alive until it has called `done`.
class Reader : public std::enable_shared_from_this<Reader> {
 public:
  Reader(storage::EventLog& log, std::vector<ParkedRow> rows, size_t page_size,
         storage::Callback<v1::ListParkedResponse> done)
      : log_(log), rows_(std::move(rows)), page_size_(page_size), done_(std::move(done)) {}

  // Continues with the next row.
  void Next() {
    const auto count = static_cast<size_t>(page_.parked_size());
    if (count == rows_.size()) return std::move(done_)(std::move(page_));
    if (count == page_size_) return Stop();
    const ParkedRow& row = rows_[count];
    log_.OpenInstance(row.instance, storage::OpenMode::kExisting,
                      [self = shared_from_this()](absl::StatusOr<std::shared_ptr<storage::Instance>> instance) {
                        self->OnOpened(std::move(instance));
                      });
  }

 private:
  const ParkedRow& row() const { return rows_[static_cast<size_t>(page_.parked_size())]; }

  void OnOpened(absl::StatusOr<std::shared_ptr<storage::Instance>> instance) {
    // The name may belong to another instance by now.
    if (absl::IsNotFound(instance.status()) || (instance.ok() && (*instance)->number() != row().instance_number)) {
      return AddGone();
    }
    if (!instance.ok()) return std::move(done_)(instance.status());
    // Reads backwards from the event, because the cursor before it is not known.
    storage::ReadOptions options;
    options.until = row().cursor;
    options.reverse = true;
    options.events_max = 1;
    options.filter = everything_;
    log_.Read(
        *std::move(instance), std::move(options),
        [self = shared_from_this()](absl::StatusOr<storage::ReadResult> result) { self->OnRead(std::move(result)); });
  }

  void OnRead(absl::StatusOr<storage::ReadResult> result) {
    if (HasReason(result.status(), Reason::kCursorTrimmed) || absl::IsNotFound(result.status())) return AddGone();
    if (!result.ok()) return std::move(done_)(result.status());
    absl::string_view bytes = result->slices.empty() ? "" : result->slices.front().bytes;
    const auto event = ConsumeEvent(bytes);
    EventView view;
    if (!event.has_value() || !view.Parse(*event) || view.cursor != row().cursor.value()) return AddGone();
    if (bytes_ > 0 && bytes_ + event->size() > storage::kFetchBytesMax) return Stop();
    v1::ParkedEvent parked = ToProto(row());
    parked.mutable_event()->ParseFromArray(event->data(), static_cast<int>(event->size()));
    Add(std::move(parked));
  }

  void AddGone() {
    v1::ParkedEvent parked = ToProto(row());
    parked.set_gone(true);
    Add(std::move(parked));
  }

  void Add(v1::ParkedEvent parked) {
    bytes_ += parked.ByteSizeLong();
    *page_.add_parked() = std::move(parked);
    Next();
  }

  // Ends the page, which is full, before the current row.
  void Stop() {
    page_.set_next_page_token(EncodeParkedToken(page_.parked().rbegin()->number()));
    std::move(done_)(std::move(page_));
  }

  storage::EventLog& log_;
  const std::vector<ParkedRow> rows_;
  const size_t page_size_;
  storage::Callback<v1::ListParkedResponse> done_;
  const std::shared_ptr<const storage::EventFilter> everything_ = MatchEverything();
  v1::ListParkedResponse page_;
  size_t bytes_ = 0;  // The size of `page_`.
};

}  // namespace

void MakeParkedPage(storage::EventLog& log, std::vector<ParkedRow> rows, size_t page_size, bool with_events,
                    storage::Callback<v1::ListParkedResponse> done) {
  if (with_events) {
    std::make_shared<Reader>(log, std::move(rows), page_size, std::move(done))->Next();
    return;
  }
  v1::ListParkedResponse page;
  for (const ParkedRow& row : rows) {
    if (static_cast<size_t>(page.parked_size()) == page_size) {
      page.set_next_page_token(EncodeParkedToken(page.parked().rbegin()->number()));
      break;
    }
    *page.add_parked() = ToProto(row);
  }
  std::move(done)(std::move(page));
}

absl::StatusOr<uint64_t> DecodeParkedToken(absl::string_view token) {
  uint64_t number = 0;
  if (token.empty()) return number;
  std::string decoded;
  absl::string_view text;
  if (absl::WebSafeBase64Unescape(token, &decoded)) text = decoded;
  if (absl::ConsumePrefix(&text, kForm) && absl::SimpleAtoi(text, &number)) return number;
  return MakeError(Reason::kPageTokenInvalid, "`page_token` must be empty, or the next_page_token of a page");
}

}  // namespace playhead::broker
