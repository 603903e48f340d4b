#include "broker/http_api/fetch_body.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/http/response.h"
#include "broker/http/response_stream.h"
#include "broker/http_api/notices.h"
#include "broker/read/event_run.h"
#include "proto/event_json.h"

namespace playhead::broker::http_api {
namespace {

class PageText {
 public:
  PageText(std::string instance, FetchPage page)
      : instance_(std::move(instance)), page_(std::move(page)), events_(std::move(page_.slices)) {}

  bool done() const { return done_; }

  // REQUIRES: !done().
  std::string Next() {
    std::string out;
    if (!begun_) out = R"({"events":[)";
    while (out.size() < http::kPieceBytes) {
      const auto event = events_.Next();
      if (!event) {
        AppendRest(out);
        done_ = true;
        break;
      }
      if (std::exchange(has_events_, true)) out += ',';
      AppendEventJson(instance_, *event, DataLineBreaks::kKeep, out);
    }
    begun_ = true;
    return out;
  }

 private:
  void AppendRest(std::string& out) const {
    absl::StrAppend(&out, R"(],"next_cursor":)", page_.next.value(), R"(,"first_cursor":)", page_.first.value(),
                    R"(,"head_cursor":)", page_.head.value(), R"(,"end_reached":)",
                    page_.end_reached ? "true" : "false");
    if (page_.gap) absl::StrAppend(&out, R"(,"gap":)", GapJson(*page_.gap));
    out += '}';
  }

  const std::string instance_;
  FetchPage page_;
  EventRun events_;
  bool begun_ = false;
  bool has_events_ = false;
  bool done_ = false;
};

class FetchBody final : public http::ResponseStreamHandler {
 public:
  FetchBody(std::string first, PageText rest) : next_(std::move(first)), text_(std::move(rest)) {}

  void OnOpen(std::shared_ptr<http::ResponseStream> stream) override {
    stream_ = std::move(stream);
    stream_->Write(std::move(next_));
  }
  void OnWritable() override {
    if (text_.done()) return stream_->Finish();
    stream_->Write(text_.Next());
  }
  void OnStopping() override {}  // It ends soon by itself, or is cut off.
  void OnClosed() override { stream_ = nullptr; }

 private:
  std::string next_;
  PageText text_;
  std::shared_ptr<http::ResponseStream> stream_;
};

}  // namespace

void SendFetchPage(std::string instance, FetchPage page, http::Responder responder) {
  PageText text(std::move(instance), std::move(page));
  http::Response response;
  response.content_type = "application/json";
  std::string first = text.Next();
  if (text.done()) {
    response.body = std::move(first);
    return std::move(responder).Send(std::move(response));
  }
  std::move(responder).Stream(std::move(response), std::make_shared<FetchBody>(std::move(first), std::move(text)));
}

}  // namespace playhead::broker::http_api
