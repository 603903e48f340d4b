#include "broker/replay/endpoint_target.h"

#include <algorithm>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/verb.hpp>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "broker/replay/limits.h"
#include "broker/webhook/signature.h"
#include "proto/errors.h"

namespace playhead::broker::replay {

namespace beast = boost::beast;

namespace {

constexpr char kUserAgent[] = "playhead";
// The attribute that names the media type of an event's data (docs/operating.md); JSON without it.
constexpr absl::string_view kContentTypeAttribute = "content-type";
constexpr absl::string_view kJson = "application/json";

std::string Encoded(absl::string_view text, absl::string_view also = "") {
  std::string out;
  for (const char c : text) {
    const bool plain = absl::ascii_isgraph(static_cast<unsigned char>(c)) && c != '%' && also.find(c) == also.npos;
    if (plain) {
      out.push_back(c);
    } else {
      absl::StrAppendFormat(&out, "%%%02X", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string Attributes(const EventView& event) {
  std::string out;
  for (const auto& [key, value] : event.attributes) {
    absl::StrAppend(&out, out.empty() ? "" : "&", Encoded(key, "&="), "=", Encoded(value, "&="));
  }
  return out;
}

// Whether the text is safe to send as a media type in a header.
bool IsMediaType(absl::string_view text) {
  return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isprint(static_cast<unsigned char>(c));
  });
}

std::string ContentType(const EventView& event) {
  for (const auto& [key, value] : event.attributes) {
    if (key == kContentTypeAttribute && IsMediaType(value)) return std::string(value);
  }
  return std::string(kJson);
}

bool IsTaken(unsigned status) { return status >= 200 && status < 300; }
bool MayBeTakenLater(unsigned status) { return status < 200 || status == 408 || status == 429 || status >= 500; }

absl::Duration RetryDelay(int attempts) {
  return std::min(kRetryDelayMax, kRetryDelayMin * (1 << std::min(attempts - 1, 20)));
}

}  // namespace

std::shared_ptr<HttpRequest> MakeRequest(const Endpoint& endpoint, const std::string& replay_id,
                                         const ReplayedEvent& replayed, const std::optional<std::string>& app_secret) {
  const EventView& event = replayed.event;
  auto request = std::make_shared<HttpRequest>(beast::http::verb::post, endpoint.target, 11);
  request->set(beast::http::field::host, endpoint.host_header);
  request->set(beast::http::field::user_agent, kUserAgent);
  request->set(beast::http::field::content_type, ContentType(event));
  request->set("playhead-replay", replay_id);
  request->set("playhead-instance", replayed.instance->name());
  request->set("playhead-cursor", std::to_string(event.cursor));
  request->set("playhead-type", Encoded(event.type));
  request->set("playhead-appended-at", std::to_string(event.appended_at));
  if (!event.id.empty()) request->set("playhead-id", Encoded(event.id));
  if (event.created_at != 0) request->set("playhead-created-at", std::to_string(event.created_at));
  if (!event.attributes.empty()) request->set("playhead-attributes", Attributes(event));
  if (app_secret.has_value()) {
    request->set(beast::string_view(webhook::kSignatureHeader.data(), webhook::kSignatureHeader.size()),
                 webhook::SignatureHeader(event.data, *app_secret));
  }
  request->body().assign(event.data.data(), event.data.size());
  request->prepare_payload();
  return request;
}

std::optional<std::string> FindAppSecret(const webhook::SecretStore& secrets, absl::string_view instance) {
  const std::shared_ptr<const webhook::SecretTable> table = secrets.table();
  const webhook::AppSecret* const found = table->Find(instance);
  if (found == nullptr) return std::nullopt;
  return found->current;
}

void EndpointTarget::Send(ReplayedEvent event, Done done) {
  std::optional<std::string> secret;
  absl::Status refusal;
  if (options_.sign) {
    secret = FindAppSecret(secrets_, event.instance->name());
    if (!secret.has_value()) {
      refusal = MakeError(Reason::kWebhookSecretMissing,
                          absl::StrCat("no secret to sign with is set for ", event.instance->name()));
    }
  }
  {
    absl::MutexLock lock(&mu_);
    done_ = std::move(done);
    attempts_ = 0;
    problem_ = absl::OkStatus();
    paused_ = false;
    if (refusal.ok()) request_ = MakeRequest(options_.endpoint, options_.replay_id, event, secret);
  }
  if (refusal.ok()) return Attempt();
  timers_.Schedule(SteadyNow(), [self = shared_from_this(), refusal] { self->Finish(SendOutcome::kFailed, refusal); });
}

void EndpointTarget::Attempt() {
  {
    absl::MutexLock lock(&mu_);
    waiting_ = false;
    // Under the lock: once it is stopped, the poster's thread may end, and nobody would call back.
    if (!stopped_) {
      ++attempts_;
      poster_->Post(request_, [self = shared_from_this()](auto status) { self->OnAnswer(std::move(status)); });
      return;
    }
  }
  Finish(SendOutcome::kStopped, absl::OkStatus());
}

void EndpointTarget::OnAnswer(absl::StatusOr<unsigned> status) {
  if (status.ok() && IsTaken(*status)) return Finish(SendOutcome::kSent, absl::OkStatus());
  const absl::Status problem =
      status.ok() ? absl::UnavailableError(absl::StrCat("the receiver answered ", *status)) : status.status();
  if (status.ok() && !MayBeTakenLater(*status)) return Finish(SendOutcome::kRefused, problem);
  bool broken_off;
  {
    absl::MutexLock lock(&mu_);
    problem_ = problem;
    broken_off = paused_;
    waiting_ = !paused_ && attempts_ < kAttemptsMax;
    if (waiting_) {
      timer_ = timers_.Schedule(SteadyNow() + absl::ToChronoNanoseconds(RetryDelay(attempts_)),
                                [self = shared_from_this()] { self->Attempt(); });
      return;
    }
  }
  Finish(broken_off ? SendOutcome::kStopped : SendOutcome::kFailed, problem);
}

absl::Status EndpointTarget::problem() const {
  absl::MutexLock lock(&mu_);
  return problem_;
}

void EndpointTarget::Pause() {
  absl::Status problem;
  {
    absl::MutexLock lock(&mu_);
    paused_ = true;
    if (!waiting_ || !timers_.Cancel(timer_)) return;
    waiting_ = false;
    problem = problem_;
  }
  Finish(SendOutcome::kStopped, problem);
}

void EndpointTarget::Stop() {
  {
    absl::MutexLock lock(&mu_);
    stopped_ = true;
  }
  poster_->Stop();
  Pause();
}

void EndpointTarget::Finish(SendOutcome outcome, absl::Status problem) {
  Done done;
  SendResult result{outcome, std::move(problem)};
  {
    absl::MutexLock lock(&mu_);
    result.retries = std::max(attempts_ - 1, 0);
    done = std::move(done_);
    request_.reset();
    problem_ = absl::OkStatus();
  }
  std::move(done)(std::move(result));
}

}  // namespace playhead::broker::replay
