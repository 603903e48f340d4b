#include "broker/grpc/maintenance_service.h"

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "broker/audit.h"
#include "broker/grpc/job_stream.h"
#include "broker/grpc/message_buffer.h"
#include "playhead/v1/maintenance.grpc.pb.h"
#include "proto/errors.h"
#include "storage/engine/rocksdb_event_log.h"
#include "storage/event_log.h"
#include "storage/store_jobs.h"

namespace playhead::broker {
namespace {

using Generated = v1::Maintenance;
using RawService = Generated::WithRawCallbackMethod_Backup<Generated::WithRawCallbackMethod_Verify<Generated::Service>>;

v1::BackupResponse ToProto(const storage::BackupReport& report, const std::string& dir) {
  v1::BackupResponse response;
  v1::BackupResponse::Made& made = *response.mutable_made();
  made.mutable_point()->set_number(report.point.number);
  made.mutable_point()->set_made_at(report.point.made_at.micros());
  made.mutable_point()->set_bytes(report.point.bytes);
  made.mutable_point()->set_files(report.point.files);
  made.mutable_point()->set_epoch_floor(report.point.epoch_floor);
  made.set_copied_bytes(report.copied_bytes);
  made.set_points(report.points);
  made.set_dir(dir);
  return response;
}

void Fill(const storage::VerifyProgress& progress, v1::VerifyResponse::Progress& out) {
  out.set_read_bytes(progress.read_bytes);
  out.set_total_bytes(progress.total_bytes);
  out.set_instances(progress.instances);
  out.set_blocks(progress.blocks);
  out.set_events(progress.events);
  out.set_commits(progress.commits);
  out.set_identities(progress.identities);
  out.set_findings(progress.findings);
}

v1::VerifyResponse ToProto(const storage::Finding& finding) {
  v1::VerifyResponse response;
  v1::VerifyResponse::Finding& out = *response.mutable_finding();
  out.set_kind(std::string(storage::FindingName(finding.kind)));
  out.set_instance(finding.instance);
  out.set_first_cursor(finding.first.value());
  out.set_last_cursor(finding.last.value());
  out.set_what(finding.what);
  return response;
}

absl::StatusOr<storage::BackupOptions> ToOptions(const grpc::ByteBuffer& buffer, const BackupDirs& dirs) {
  v1::BackupRequest request;
  if (absl::Status status = ParseRequest(buffer, request); !status.ok()) return status;
  auto dir = dirs.Resolve(request.dir());
  if (!dir.ok()) return dir.status();
  storage::BackupOptions options;
  options.dir = *std::move(dir);
  if (request.has_keep()) options.keep = request.keep();
  if (request.has_bytes_per_second()) options.bytes_per_second = request.bytes_per_second();
  if (options.keep == 0 || options.keep > storage::kBackupPointsMax) {
    return MakeError(Reason::kLimitInvalid, absl::StrCat("`keep` is 1 to ", storage::kBackupPointsMax));
  }
  return options;
}

class MaintenanceService final : public RawService {
 public:
  MaintenanceService(const Core& core, const BackupDirs& dirs) : core_(core), dirs_(dirs) {}

  grpc::ServerWriteReactor<grpc::ByteBuffer>* Backup(grpc::CallbackServerContext* context,
                                                     const grpc::ByteBuffer* buffer) override {
    return JobStream::Start(
        "Maintenance.Backup", core_, *context, *buffer,
        [this, buffer](const Caller& caller) -> absl::StatusOr<JobStream::Job> {
          auto options = ToOptions(*buffer, dirs_);
          if (!options.ok()) return options.status();
          AuditEntry entry{.actor = caller.key_id(), .action = "audit.backup_made", .subject = options->dir};
          return JobStream::Job(
              [entry = std::move(entry), options = *std::move(options)](std::shared_ptr<JobStream> stream) mutable {
                Audit& audit = stream->core().audit;
                audit.Record(entry,
                             [options = std::move(options), stream = std::move(stream)](absl::Status status) mutable {
                               if (!status.ok()) return stream->End(status);
                               RunBackup(std::move(options), std::move(stream));
                             });
              });
        });
  }

  grpc::ServerWriteReactor<grpc::ByteBuffer>* Verify(grpc::CallbackServerContext* context,
                                                     const grpc::ByteBuffer* buffer) override {
    return JobStream::Start(
        "Maintenance.Verify", core_, *context, *buffer, [buffer](const Caller&) -> absl::StatusOr<JobStream::Job> {
          v1::VerifyRequest request;
          if (absl::Status status = ParseRequest(*buffer, request); !status.ok()) return status;
          storage::VerifyOptions options;
          if (request.has_bytes_per_second()) options.bytes_per_second = request.bytes_per_second();
          return JobStream::Job(
              [options](std::shared_ptr<JobStream> stream) { RunVerify(options, std::move(stream)); });
        });
  }

 private:
  static void RunBackup(storage::BackupOptions options, std::shared_ptr<JobStream> stream) {
    const std::string dir = options.dir;
    storage::EventLog& log = stream->core().log;
    const std::shared_ptr<storage::JobControl> control = stream->control();
    log.Backup(
        std::move(options), control,
        [stream](const storage::BackupProgress& progress) {
          v1::BackupResponse response;
          response.mutable_progress()->set_copied_bytes(progress.copied_bytes);
          response.mutable_progress()->set_total_bytes(progress.total_bytes);
          stream->TellProgress(ToByteBuffer(response));
        },
        [stream, dir](absl::StatusOr<storage::BackupReport> report) {
          if (!report.ok()) return stream->End(report.status());
          stream->End(ToByteBuffer(ToProto(*report, dir)));
        });
  }

  static void RunVerify(const storage::VerifyOptions& options, std::shared_ptr<JobStream> stream) {
    storage::EventLog& log = stream->core().log;
    const std::shared_ptr<storage::JobControl> control = stream->control();
    storage::VerifyListener listener;
    listener.progress = [stream](const storage::VerifyProgress& progress) {
      v1::VerifyResponse response;
      Fill(progress, *response.mutable_progress());
      stream->TellProgress(ToByteBuffer(response));
    };
    listener.finding = [stream](const storage::Finding& finding) { stream->TellItem(ToByteBuffer(ToProto(finding))); };
    storage::VerifyRocksDbEventLog(log, options, control, std::move(listener),
                                   [stream](absl::StatusOr<storage::VerifyProgress> result) {
                                     if (!result.ok()) return stream->End(result.status());
                                     v1::VerifyResponse response;
                                     Fill(*result, *response.mutable_result());
                                     stream->End(ToByteBuffer(response));
                                   });
  }

  const Core core_;
  const BackupDirs& dirs_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeMaintenanceService(const Core& core, const BackupDirs& dirs) {
  return std::make_unique<MaintenanceService>(core, dirs);
}

}  // namespace playhead::broker
