// Splits a webhook body of the WhatsApp Cloud API into events: one for each message, status, account error and other
// change in it. docs/clients/webhooks.md describes this for users.
//
// Nothing of a body is lost: a part with an unknown shape becomes an event for the nearest enclosing part with a known
// name, as that slice of the body. Total: any bytes give events or an error. Pure: any thread, no I/O.
#ifndef PLAYHEAD_BROKER_WEBHOOK_BODY_H_
#define PLAYHEAD_BROKER_WEBHOOK_BODY_H_

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/limits.h"

namespace playhead::broker::webhook {

// The largest body. Meta sends up to 3 MB; with this limit, any body, and any event of one, fits into an event of the
// largest size.
inline constexpr size_t kBodyBytesMax = storage::kEventBytesCeiling - 8192;

// The maximum number of events from one body. Meta puts at most a few thousand messages and statuses into one.
inline constexpr size_t kBodyEventsMax = 50'000;
inline constexpr size_t kBodyExpandedBytesMax = size_t{64} << 20;

// The instance of events that name no other one. It is one of the broker's own: reading it takes the manage permission.
inline constexpr absl::string_view kUnroutedInstance = "playhead.webhooks";

// The type of events for parts with an unexpected shape.
inline constexpr absl::string_view kUnparsedType = "x.whatsapp.unparsed";

// An event of a body. `members` are slices of the body, byte for byte: the event's data is the JSON object that they
// form, or the single slice itself if it has no name.
struct BodyEvent {
  struct Member {
    absl::string_view name;
    absl::string_view slice;
  };
  std::string instance;
  std::string type;
  std::string id;
  int64_t created_at = 0;  // Microseconds; 0 if the body does not have it.
  absl::InlinedVector<Member, 4> members;

  size_t data_bytes() const;
  void AppendData(std::string& out) const;
  std::string data() const;
};

// Splits a body, in its order. The events point into `body`.
//   InvalidArgument  WEBHOOK_BODY_INVALID: not a JSON object with entries, or beyond the limits above.
absl::StatusOr<std::vector<BodyEvent>> SplitBody(absl::string_view body);

// The event that keeps, as a whole, a body that SplitBody does not accept.
BodyEvent WholeBodyEvent(absl::string_view body);

// The instances that the events name, each once, in the order of first occurrence.
std::vector<absl::string_view> InstancesOf(const std::vector<BodyEvent>& events);

// "sha256:" and the hash of the concatenated `parts`, in hexadecimal: the id of events without one of their own.
std::string ContentId(std::initializer_list<absl::string_view> parts);

// The id of an event whose own id is already stored with other content: `<id>#<16 digits of the data's SHA-256>`.
std::string ConflictId(absl::string_view id, absl::string_view data);

}  // namespace playhead::broker::webhook

#endif  // PLAYHEAD_BROKER_WEBHOOK_BODY_H_
