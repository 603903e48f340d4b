#include "broker/dialects/vzaps/make.h"

#include <utility>
#include <vector>

#include "broker/dialects/vzaps/service.h"
#include "broker/dialects/vzaps/settings_service.h"

namespace playhead::broker::vzaps {
namespace {

class VZaps final : public ServedDialect {
 public:
  VZaps(const Core& core, std::unique_ptr<Service> service)
      : service_(std::move(service)), settings_(MakeSettingsService(core, service_->subscribed_events())) {}

  std::vector<grpc::Service*> grpc_services() override { return {settings_.get()}; }

 private:
  const std::unique_ptr<Service> service_;
  const std::unique_ptr<grpc::Service> settings_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ServedDialect>> Make(const DialectContext& context, const Options& options) {
  auto service = Service::Make(context.core, context.consumers, context.sessions, options);
  if (!service.ok()) return service.status();
  (*service)->AddRoutes(context.router);
  context.deletion.AddKeeper([&subscribed = (*service)->subscribed_events()](
                                 const std::shared_ptr<storage::Instance>& instance, storage::StatusCallback done) {
    subscribed.ClearOf(instance->name(), instance->number(), std::move(done));
  });
  return std::make_unique<VZaps>(context.core, *std::move(service));
}

}  // namespace playhead::broker::vzaps
