#include "tests/faults/load/http_readers.h"

#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/load/numbered_messages.h"

namespace playhead::testing {

EventSourceReader::EventSourceReader(const std::string& address, const NumberedLog& log, Tally& tally)
    : order_(log, tally), source_(address, absl::StrCat("/v1/instances/", log.instance(), "/events?from=beginning")) {
  tally.NoteOffered(0);
  source_.NextNamed("start");
}

void EventSourceReader::Read() {
  const std::optional<EventSource::Event> event = source_.Next();
  if (!event) return order_.tally().NoteWrong("the stream ended without a word");
  if (event->name == "message") {
    const uint64_t number = NumberIn(event->data);
    if (event->id != absl::StrCat(number)) order_.tally().NoteWrong(absl::StrCat(number, " has the id ", event->id));
    order_.Note(number, event->data.size());
  } else if (event->name != "caught_up") {
    order_.tally().NoteWrong(absl::StrCat(event->name, ": ", event->data));
  }
}

PageReader::PageReader(std::string address, const NumberedLog& log, Tally& tally)
    : address_(std::move(address)), order_(log, tally) {
  Read();
}

void PageReader::Read() {
  order_.tally().NoteOffered(0);
  if (!connection_) connection_.emplace(address_);
  const HttpResponse page = connection_->Call(
      "GET", absl::StrCat("/v1/instances/", order_.log().instance(), "/events?after=", order_.seen(), "&limit=1000"),
      "", "");
  if (page.status != 200) {
    connection_.reset();
    return order_.tally().NoteRefused(page);
  }
  const std::vector<uint64_t> numbers = NumbersIn(page.body);
  for (const uint64_t number : numbers) order_.Note(number, page.body.size() / numbers.size());
  if (absl::StrContains(page.body.substr(page.body.rfind(']')), R"("end_reached":true)") && !done()) {
    order_.StartOver();
  }
}

}  // namespace playhead::testing
