// Errors of messages and statuses.
#ifndef PLAYHEAD_PROTO_WHATSAPP_ERROR_FIELDS_H_
#define PLAYHEAD_PROTO_WHATSAPP_ERROR_FIELDS_H_

#include "photon/whatsapp/v1/common.pb.h"
#include "proto/whatsapp/json_reader.h"

namespace playhead::whatsapp {

namespace v1 = photon::whatsapp::v1;

// The details are one level down; in older webhooks they are next to the title.
inline constexpr Field<v1::Error> kErrorDataFields[] = {
    {"details", Text<&v1::Error::mutable_details>},
};

inline constexpr Field<v1::Error> kErrorFields[] = {
    {"code", Number<&v1::Error::set_code>},
    {"title", Text<&v1::Error::mutable_title>},
    {"message", Text<&v1::Error::mutable_message>},
    {"href", Text<&v1::Error::mutable_href>},
    {"error_data", Inlined<v1::Error, kErrorDataFields>},
    {"details", Text<&v1::Error::mutable_details>},
};

}  // namespace playhead::whatsapp

#endif  // PLAYHEAD_PROTO_WHATSAPP_ERROR_FIELDS_H_
