// Where an inbound file can be downloaded, as the webhook said that brought it.
#ifndef PLAYHEAD_BROKER_DIALECTS_PHOTON_MEDIA_URL_H_
#define PLAYHEAD_BROKER_DIALECTS_PHOTON_MEDIA_URL_H_

#include <optional>

#include "absl/strings/string_view.h"
#include "photon/whatsapp/v1/media_service.pb.h"

namespace playhead::broker::photon {

// What `data`, of a stored message ({"metadata":…,"contact":…,"message":{…}}), says of the media `media_id`; nullopt if
// it is another's, or says no url. Total: any bytes will do.
std::optional<::photon::whatsapp::v1::MediaServiceGetUrlResponse> FindMediaUrl(absl::string_view data,
                                                                               absl::string_view media_id);

}  // namespace playhead::broker::photon

#endif  // PLAYHEAD_BROKER_DIALECTS_PHOTON_MEDIA_URL_H_
