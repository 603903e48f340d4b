// A user's replies to buttons, lists and flows.
#ifndef PLAYHEAD_PROTO_WHATSAPP_INTERACTIVE_FIELDS_H_
#define PLAYHEAD_PROTO_WHATSAPP_INTERACTIVE_FIELDS_H_

#include "photon/whatsapp/v1/content.pb.h"
#include "proto/whatsapp/json_reader.h"

namespace playhead::whatsapp {

namespace v1 = photon::whatsapp::v1;

inline constexpr Field<v1::InboundButtonReply> kButtonReplyFields[] = {
    {"id", Text<&v1::InboundButtonReply::mutable_id>},
    {"title", Text<&v1::InboundButtonReply::mutable_title>},
};

inline constexpr Field<v1::InboundListReply> kListReplyFields[] = {
    {"id", Text<&v1::InboundListReply::mutable_id>},
    {"title", Text<&v1::InboundListReply::mutable_title>},
    {"description", Text<&v1::InboundListReply::mutable_description>},
};

// response_json is JSON in a string, and stays a string.
inline constexpr Field<v1::InboundNfmReply> kNfmReplyFields[] = {
    {"name", Text<&v1::InboundNfmReply::mutable_name>},
    {"body", Text<&v1::InboundNfmReply::mutable_body>},
    {"response_json", Text<&v1::InboundNfmReply::mutable_response_json>},
};

// ParseMessage checks that `type` and the reply agree.
inline constexpr Field<v1::InboundInteractiveContent> kInteractiveFields[] = {
    {"type", Text<&v1::InboundInteractiveContent::mutable_type>},
    {"button_reply", Object<&v1::InboundInteractiveContent::mutable_button_reply, kButtonReplyFields>},
    {"list_reply", Object<&v1::InboundInteractiveContent::mutable_list_reply, kListReplyFields>},
    {"nfm_reply", Object<&v1::InboundInteractiveContent::mutable_nfm_reply, kNfmReplyFields>},
};

}  // namespace playhead::whatsapp

#endif  // PLAYHEAD_PROTO_WHATSAPP_INTERACTIVE_FIELDS_H_
