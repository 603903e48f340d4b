// Finds the download url of an inbound file in the webhook that brought it.
#ifndef PLAYHEAD_BROKER_DIALECTS_PHOTON_MEDIA_URL_H_
#define PLAYHEAD_BROKER_DIALECTS_PHOTON_MEDIA_URL_H_

#include <optional>

#include "absl/strings/string_view.h"
#include "photon/whatsapp/v1/media_service.pb.h"

namespace playhead::broker::photon {

// `data` is that of a stored message ({"metadata":…,"contact":…,"message":{…}}). Returns the url of the media
// `media_id`; nullopt if the message has other media, or no url. Total: accepts any bytes.
std::optional<::photon::whatsapp::v1::MediaServiceGetUrlResponse> FindMediaUrl(absl::string_view data,
                                                                               absl::string_view media_id);

}  // namespace playhead::broker::photon

#endif  // PLAYHEAD_BROKER_DIALECTS_PHOTON_MEDIA_URL_H_
