#include "broker/dialects/photon/get_url_call.h"

#include <atomic>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "broker/dialects/photon/credentials.h"
#include "broker/dialects/photon/media_url.h"
#include "broker/dialects/photon/renderer.h"
#include "broker/dialects/photon/unary_call.h"
#include "broker/grpc/message_buffer.h"
#include "broker/read/fetch.h"
#include "photon/whatsapp/v1/media_service.pb.h"
#include "proto/errors.h"
#include "proto/event_wire.h"

namespace playhead::broker::photon {
namespace {

constexpr uint32_t kPageEventsMax = 1000;

class GetUrlCall final : public UnaryCall {
 public:
  GetUrlCall(const Dialect& dialect, grpc::CallbackServerContext& context, grpc::ByteBuffer& response)
      : UnaryCall("GetUrl", context, response), dialect_(dialect) {}

  void Start(const grpc::ByteBuffer& request) {
    Admission admission = Admit(dialect_, context(), request.Length());
    if (!admission.credentials.ok()) {
      return RefuseLate(dialect_.core.timers, admission.refusal_delay, admission.credentials.status());
    }
    credentials_ = *std::move(admission.credentials);
    ::photon::whatsapp::v1::MediaServiceGetUrlRequest message;
    if (absl::Status status = ParseRequest(request, message); !status.ok()) return Refuse(status);
    media_id_ = message.media_id();
    if (media_id_.empty()) return Refuse(MakeError(Reason::kMalformedRequest, "the request names no `media_id`"));
    deadline_ = SteadyNow() + absl::ToChronoNanoseconds(kMediaSearchTimeMax);
    SearchDownFrom(storage::Cursor());
  }

  void OnCancel() override { cancelled_.store(true, std::memory_order_relaxed); }

 private:
  // `until` is inclusive; Cursor() for the head.
  void SearchDownFrom(storage::Cursor until) {
    FetchRequest request;
    request.instance = credentials_.audience.instance;
    request.caller = credentials_.caller;
    request.start = FromBeginning{};
    request.until = until;
    request.events_max = kPageEventsMax;
    request.reverse = true;
    request.filter = ShownTypes();
    Fetch::Start(dialect_.core, std::move(request), [this](absl::StatusOr<FetchPage> page) {
      if (!page.ok()) return Refuse(page.status());
      OnPage(*page);
    });
  }

  void OnPage(const FetchPage& page) {
    for (const storage::BlockSlice& slice : page.slices) {
      absl::string_view bytes = slice.bytes;
      searched_bytes_ += bytes.size();
      while (const auto encoded = ConsumeEvent(bytes)) {
        EventView event;
        if (!event.Parse(*encoded) || !IsOfWhatsApp(event)) continue;
        if (const auto found = FindMediaUrl(event.data, media_id_)) return Reply(found->SerializeAsString());
      }
    }
    const bool stop = searched_bytes_ >= kMediaSearchBytesMax || SteadyNow() >= deadline_ ||
                      cancelled_.load(std::memory_order_relaxed);
    if (!page.end_reached && !stop) return SearchDownFrom(page.next);
    Refuse(MakeError(Reason::kMediaNotFound, absl::StrCat("no recent message of this number has a url for the media \"",
                                                          media_id_, "\": ask WhatsApp's own API for it")));
  }

  const Dialect dialect_;
  Credentials credentials_;
  std::string media_id_;
  SteadyTime deadline_;
  size_t searched_bytes_ = 0;
  std::atomic<bool> cancelled_ = false;
};

}  // namespace

grpc::ServerUnaryReactor* StartGetUrlCall(const Dialect& dialect, grpc::CallbackServerContext& context,
                                          const grpc::ByteBuffer& request, grpc::ByteBuffer& response) {
  auto* const call = new GetUrlCall(dialect, context, response);
  call->Start(request);
  return call;
}

}  // namespace playhead::broker::photon
