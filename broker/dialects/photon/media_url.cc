#include "broker/dialects/photon/media_url.h"

#include <boost/json.hpp>
#include <string>

#include "absl/strings/match.h"

namespace playhead::broker::photon {

namespace json = boost::json;

namespace {

// The media of a message: {"type":"image","image":{"id":…,"url":…}}.
constexpr const char* kMediaTypes[] = {"image", "video", "audio", "document", "sticker"};

const json::object* FindObject(const json::object& object, json::string_view key) {
  const json::value* const value = object.if_contains(key);
  return value == nullptr ? nullptr : value->if_object();
}

// "" if there is none.
json::string_view FindText(const json::object& object, json::string_view key) {
  const json::value* const value = object.if_contains(key);
  const json::string* const text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? json::string_view() : json::string_view(*text);
}

std::string ToString(json::string_view text) { return std::string(text.data(), text.size()); }

}  // namespace

std::optional<::photon::whatsapp::v1::MediaServiceGetUrlResponse> FindMediaUrl(absl::string_view data,
                                                                               absl::string_view media_id) {
  // Media ids are plain digits and letters, which JSON writers do not escape, so this rejects most messages.
  if (media_id.empty() || !absl::StrContains(data, media_id)) return std::nullopt;
  json::error_code error;
  const json::value root = json::parse(json::string_view(data.data(), data.size()), error);
  const json::object* const event = error ? nullptr : root.if_object();
  const json::object* const message = event == nullptr ? nullptr : FindObject(*event, "message");
  if (message == nullptr) return std::nullopt;
  for (const char* const type : kMediaTypes) {
    const json::object* const media = FindObject(*message, type);
    if (media == nullptr || FindText(*media, "id") != json::string_view(media_id.data(), media_id.size())) continue;
    if (FindText(*media, "url").empty()) continue;
    ::photon::whatsapp::v1::MediaServiceGetUrlResponse found;
    found.set_url(ToString(FindText(*media, "url")));
    found.set_mime_type(ToString(FindText(*media, "mime_type")));
    found.set_sha256(ToString(FindText(*media, "sha256")));
    if (const json::value* const size = media->if_contains("file_size"); size != nullptr && size->is_int64()) {
      found.set_file_size(size->get_int64());
    }
    return found;
  }
  return std::nullopt;
}

}  // namespace playhead::broker::photon
