#include "client/publisher.h"

#include <utility>

#include "absl/random/random.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "client/internal/event_check.h"
#include "client/internal/publisher_core.h"

namespace playhead {
namespace {

constexpr uint64_t kSequenceMax = (uint64_t{1} << 53) - 1;

absl::Status CheckOptions(const PublisherOptions& options) {
  if (options.first_sequence == 0 || options.first_sequence > kSequenceMax) {
    return absl::InvalidArgumentError(absl::StrCat("first_sequence must be 1 to ", kSequenceMax));
  }
  if (options.batch_events_max == 0 || options.batch_events_max > internal::kBatchEventsMax) {
    return absl::InvalidArgumentError(absl::StrCat("batch_events_max must be 1 to ", internal::kBatchEventsMax));
  }
  if (options.batch_bytes_max == 0 || options.batch_bytes_max > internal::kBatchBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("batch_bytes_max must be 1 to ", internal::kBatchBytesMax));
  }
  if (options.eager_batches == 0 || options.window_events_max == 0 || options.window_bytes_max == 0) {
    return absl::InvalidArgumentError("eager_batches and the window's limits must be at least 1");
  }
  if (options.linger < absl::ZeroDuration()) return absl::InvalidArgumentError("linger must not be negative");
  return options.producer_id.empty() ? absl::OkStatus() : internal::CheckProducerId(options.producer_id);
}

std::string RandomProducerId() {
  absl::BitGen random;
  return absl::StrFormat("p-%016x%016x", absl::Uniform<uint64_t>(random), absl::Uniform<uint64_t>(random));
}

}  // namespace

absl::StatusOr<Publisher> Publisher::Create(std::shared_ptr<Connection> connection, const ClientOptions& client_options,
                                            PublisherOptions options) {
  if (absl::Status status = CheckOptions(options); !status.ok()) return status;
  if (absl::Status status = internal::CheckBackoff(client_options.backoff); !status.ok()) return status;
  if (options.producer_id.empty()) options.producer_id = RandomProducerId();
  return Publisher(
      std::make_shared<internal::PublisherCore>(std::move(connection), client_options, std::move(options)));
}

Publisher::Publisher(std::shared_ptr<internal::PublisherCore> core) : core_(std::move(core)) {}
Publisher::Publisher(Publisher&&) noexcept = default;

Publisher& Publisher::operator=(Publisher&& other) noexcept {
  Publisher old(std::move(other));
  core_.swap(old.core_);
  return *this;
}

Publisher::~Publisher() {
  if (core_ == nullptr) return;
  // The callbacks report every failure.
  core_->Close(absl::Now() + core_->options().close_timeout).IgnoreError();
  core_->WaitForReconnectCallbacks();
}

absl::Status Publisher::Append(absl::string_view instance, const NewEvent& event, AppendCallback done) {
  return core_->Append(instance, event, std::move(done), /*may_block=*/true);
}

std::future<absl::StatusOr<Receipt>> Publisher::Append(absl::string_view instance, const NewEvent& event) {
  auto promise = std::make_shared<std::promise<absl::StatusOr<Receipt>>>();
  std::future<absl::StatusOr<Receipt>> receipt = promise->get_future();
  absl::Status status =
      Append(instance, event, [promise](absl::StatusOr<Receipt> result) { promise->set_value(std::move(result)); });
  if (!status.ok()) promise->set_value(std::move(status));
  return receipt;
}

absl::Status Publisher::TryAppend(absl::string_view instance, const NewEvent& event, AppendCallback done) {
  return core_->Append(instance, event, std::move(done), /*may_block=*/false);
}

absl::Status Publisher::ReportUpstreamGap(absl::string_view instance, const UpstreamGap& gap, AppendCallback done) {
  if (absl::Status status = CheckUpstreamGap(gap); !status.ok()) return status;
  return Append(instance, {.type = kUpstreamGapType, .data = EncodeUpstreamGap(gap)}, std::move(done));
}

absl::Status Publisher::Flush(absl::Time deadline) { return core_->Flush(deadline); }

void Publisher::ResumeAppends(absl::string_view instance) { core_->ResumeAppends(instance); }

absl::Status Publisher::Close(absl::Time deadline) { return core_->Close(deadline); }

const std::string& Publisher::producer_id() const { return core_->options().producer_id; }

}  // namespace playhead
