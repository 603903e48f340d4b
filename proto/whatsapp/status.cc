// ParseStatus: reads the status of a message that was sent.
#include <string>

#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "proto/whatsapp/content.h"
#include "proto/whatsapp/error_fields.h"
#include "proto/whatsapp/json_reader.h"

namespace playhead::whatsapp {
namespace {

using Status = v1::StatusUpdate;

constexpr Field<v1::Conversation> kOriginFields[] = {
    {"type", Text<&v1::Conversation::mutable_origin_type>},
};

constexpr Field<v1::Conversation> kConversationFields[] = {
    {"id", Text<&v1::Conversation::mutable_id>},
    {"origin", Inlined<v1::Conversation, kOriginFields>},
    {"expiration_timestamp", Time<&v1::Conversation::mutable_expiration>},
};

constexpr Field<v1::Pricing> kPricingFields[] = {
    {"billable", Flag<&v1::Pricing::set_billable>},
    {"pricing_model", Text<&v1::Pricing::mutable_pricing_model>},
    {"type", Text<&v1::Pricing::mutable_type>},
    {"category", Text<&v1::Pricing::mutable_category>},
};

// All parts but the status itself.
constexpr Part<Status> kStatusParts[] = {
    {"id", Text<&Status::mutable_id>, &Status::clear_id},
    {"timestamp", Time<&Status::mutable_timestamp>, &Status::clear_timestamp},
    {"recipient_id", Text<&Status::mutable_recipient_id>, &Status::clear_recipient_id},
    {"conversation", Object<&Status::mutable_conversation, kConversationFields>, &Status::clear_conversation},
    {"pricing", Object<&Status::mutable_pricing, kPricingFields>, &Status::clear_pricing},
    {"errors", List<&Status::add_errors, &Status::clear_errors, kErrorFields>, &Status::clear_errors},
    {"biz_opaque_callback_data", Text<&Status::mutable_biz_opaque_callback_data>,
     &Status::clear_biz_opaque_callback_data},
};

// MESSAGE_STATUS_UNSPECIFIED for a name without a value.
v1::MessageStatus StatusOf(absl::string_view name) {
  if (name == "sent") return v1::MESSAGE_STATUS_SENT;
  if (name == "delivered") return v1::MESSAGE_STATUS_DELIVERED;
  if (name == "read") return v1::MESSAGE_STATUS_READ;
  if (name == "played") return v1::MESSAGE_STATUS_PLAYED;
  if (name == "failed") return v1::MESSAGE_STATUS_FAILED;
  return v1::MESSAGE_STATUS_UNSPECIFIED;
}

}  // namespace

absl::StatusOr<v1::StatusUpdate> ParseStatus(absl::string_view data) {
  Status status;
  std::string name;
  const Reading reading = ReadDocument(data, [&](std::string_view key, Value& value) {
    if (key != "status") return Reading::kDone;
    status.Clear();
    name.clear();
    return ForEachField(value, [&](std::string_view member, Value& member_value) {
      if (member == "status") return ReadText(member_value, name);
      return ReadPart(member, member_value, kStatusParts, status);
    });
  });
  if (reading != Reading::kDone || status.id().empty() || name.empty()) {
    return MakeError(Reason::kEventInvalid,
                     "data: JSON with an object `status` that has an `id` and a `status` is needed");
  }
  status.set_status(StatusOf(name));
  if (status.status() == v1::MESSAGE_STATUS_UNSPECIFIED) {
    return MakeError(Reason::kNotRendered, absl::StrCat("a status `", name, "` has no typed form"));
  }
  return status;
}

}  // namespace playhead::whatsapp
