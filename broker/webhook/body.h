// What becomes of a webhook body of the WhatsApp Cloud API: one event for each message, status, account error and other
// change in it. docs/clients/webhooks.md tells users the same.
//
// Nothing of a body is lost: what is not of the known shape becomes an event of the nearest thing that has a name, as
// the slice of the body that it is. Total: any bytes give events or an error. Pure: any thread, no I/O.
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

// The largest body. Meta sends up to 3 MB; any body, and any event of one, fits an event of the largest size with this.
inline constexpr size_t kBodyBytesMax = storage::kEventBytesCeiling - 8192;

// How much one body may become. Meta puts at most a few thousand messages and statuses into one.
inline constexpr size_t kBodyEventsMax = 50'000;
inline constexpr size_t kBodyExpandedBytesMax = size_t{64} << 20;

// The instance of events that name none that they could belong to. The name is the broker's own: to read it takes the
// manage permission.
inline constexpr absl::string_view kUnroutedInstance = "playhead.webhooks";

// The type of what has not the shape that it should have.
inline constexpr absl::string_view kUnparsedType = "x.whatsapp.unparsed";

// An event of a body. `members` are slices of the body, byte for byte: its data is the JSON object that they make, or
// the one slice itself if that has no name.
struct BodyEvent {
  struct Member {
    absl::string_view name;
    absl::string_view slice;
  };
  std::string instance;
  std::string type;
  std::string id;
  int64_t created_at = 0;  // Microseconds; 0 if the body does not say.
  absl::InlinedVector<Member, 4> members;

  size_t data_bytes() const;
  void AppendData(std::string& out) const;
  std::string data() const;
};

// Takes a body apart, in its order. The events point into `body`.
//   InvalidArgument  WEBHOOK_BODY_INVALID: not a JSON object with entries, or beyond the limits above.
absl::StatusOr<std::vector<BodyEvent>> SplitBody(absl::string_view body);

// The event that keeps a body whole which SplitBody does not take.
BodyEvent WholeBodyEvent(absl::string_view body);

// The instances that events name, each once, in the order of their first.
std::vector<absl::string_view> InstancesOf(const std::vector<BodyEvent>& events);

// "sha256:" and the hash of `parts`, one behind the other, in hexadecimal: the id of what has none of its own.
std::string ContentId(std::initializer_list<absl::string_view> parts);

// The id under which an event is kept whose own id belongs to other content: `<id>#<16 digits of the data's SHA-256>`.
std::string ConflictId(absl::string_view id, absl::string_view data);

}  // namespace playhead::broker::webhook

#endif  // PLAYHEAD_BROKER_WEBHOOK_BODY_H_
