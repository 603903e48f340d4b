// Short content: text, location, reaction, button, system.
#ifndef PLAYHEAD_PROTO_WHATSAPP_TEXT_FIELDS_H_
#define PLAYHEAD_PROTO_WHATSAPP_TEXT_FIELDS_H_

#include "photon/whatsapp/v1/content.pb.h"
#include "proto/whatsapp/json_reader.h"

namespace playhead::whatsapp {

namespace v1 = photon::whatsapp::v1;

inline constexpr Field<v1::TextContent> kTextFields[] = {
    {"body", Text<&v1::TextContent::mutable_body>},
};

inline constexpr Field<v1::LocationContent> kLocationFields[] = {
    {"latitude", Number<&v1::LocationContent::set_latitude>},
    {"longitude", Number<&v1::LocationContent::set_longitude>},
    {"name", Text<&v1::LocationContent::mutable_name>},
    {"address", Text<&v1::LocationContent::mutable_address>},
};

// Without an emoji, the reaction was removed.
inline constexpr Field<v1::ReactionContent> kReactionFields[] = {
    {"message_id", Text<&v1::ReactionContent::mutable_message_id>},
    {"emoji", Text<&v1::ReactionContent::mutable_emoji>},
};

inline constexpr Field<v1::InboundButtonContent> kButtonFields[] = {
    {"text", Text<&v1::InboundButtonContent::mutable_text>},
    {"payload", Text<&v1::InboundButtonContent::mutable_payload>},
};

inline constexpr Field<v1::SystemContent> kSystemFields[] = {
    {"body", Text<&v1::SystemContent::mutable_body>},
    {"type", Text<&v1::SystemContent::mutable_type>},
    {"new_wa_id", Text<&v1::SystemContent::mutable_new_wa_id>},
    {"wa_id", Text<&v1::SystemContent::mutable_wa_id>},
};

}  // namespace playhead::whatsapp

#endif  // PLAYHEAD_PROTO_WHATSAPP_TEXT_FIELDS_H_
