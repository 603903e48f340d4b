// Content that is a file: image, video, audio, document, sticker.
#ifndef PLAYHEAD_PROTO_WHATSAPP_MEDIA_FIELDS_H_
#define PLAYHEAD_PROTO_WHATSAPP_MEDIA_FIELDS_H_

#include "photon/whatsapp/v1/content.pb.h"
#include "proto/whatsapp/json_reader.h"

namespace playhead::whatsapp {

namespace v1 = photon::whatsapp::v1;

// The kind of file determines which of the last three occur.
inline constexpr Field<v1::InboundMediaContent> kMediaFields[] = {
    {"id", Text<&v1::InboundMediaContent::mutable_id>},
    {"mime_type", Text<&v1::InboundMediaContent::mutable_mime_type>},
    {"sha256", Text<&v1::InboundMediaContent::mutable_sha256>},
    {"caption", Text<&v1::InboundMediaContent::mutable_caption>},
    {"filename", Text<&v1::InboundMediaContent::mutable_filename>},
    {"voice", Flag<&v1::InboundMediaContent::set_voice>},
};

inline constexpr Field<v1::InboundStickerContent> kStickerFields[] = {
    {"id", Text<&v1::InboundStickerContent::mutable_id>},
    {"mime_type", Text<&v1::InboundStickerContent::mutable_mime_type>},
    {"sha256", Text<&v1::InboundStickerContent::mutable_sha256>},
    {"animated", Flag<&v1::InboundStickerContent::set_animated>},
};

}  // namespace playhead::whatsapp

#endif  // PLAYHEAD_PROTO_WHATSAPP_MEDIA_FIELDS_H_
