// Who sent a message: the `contact` beside it.
#ifndef PLAYHEAD_PROTO_WHATSAPP_SENDER_FIELDS_H_
#define PLAYHEAD_PROTO_WHATSAPP_SENDER_FIELDS_H_

#include "photon/whatsapp/v1/common.pb.h"
#include "proto/whatsapp/json_reader.h"

namespace playhead::whatsapp {

namespace v1 = photon::whatsapp::v1;

inline constexpr Field<v1::Contact> kProfileFields[] = {
    {"name", Text<&v1::Contact::mutable_name>},
};

inline constexpr Field<v1::Contact> kSenderFields[] = {
    {"wa_id", Text<&v1::Contact::mutable_wa_id>},
    {"profile", Inlined<v1::Contact, kProfileFields>},
};

}  // namespace playhead::whatsapp

#endif  // PLAYHEAD_PROTO_WHATSAPP_SENDER_FIELDS_H_
