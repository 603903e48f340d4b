#include "broker/tls/certificates.h"

#include <sys/stat.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/log.h"
#include "broker/tls/http_context.h"

namespace playhead::broker {
namespace {

// Renewal is late when less than this is left.
constexpr absl::Duration kExpiryWarning = absl::Hours(24 * 7);

// What differs when the file behind `path` was written to or replaced, symbolic links followed.
std::string LookAt(const std::string& path) {
  struct stat found {};
  if (path.empty() || stat(path.c_str(), &found) != 0) return "none;";
  return absl::StrCat(found.st_dev, ":", found.st_ino, ":", found.st_size, ":", found.st_mtim.tv_sec, ".",
                      found.st_mtim.tv_nsec, ";");
}

std::string LookAt(const CertificateFiles& files) {
  return absl::StrCat(LookAt(files.cert), LookAt(files.key), LookAt(files.client_ca));
}

std::string TimeText(absl::Time time) { return absl::FormatTime(absl::RFC3339_sec, time, absl::UTCTimeZone()); }

void WarnIfReadableByAll(const std::string& key_path) {
  struct stat found {};
  if (stat(key_path.c_str(), &found) == 0 && (found.st_mode & S_IROTH) != 0) {
    Log().warn("event=tls_key_readable_by_all file={}: chmod o-r would keep it private", key_path);
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<Certificates>> Certificates::Load(CertificateFiles files, absl::Duration look_interval) {
  std::unique_ptr<Certificates> certificates(new Certificates(std::move(files), look_interval));
  WarnIfReadableByAll(certificates->files_.key);
  Certificates& self = *certificates;
  // Before the files are read: a change while they are is one that is seen.
  std::string loaded = LookAt(self.files_);
  if (absl::Status status = self.Reload(); !status.ok()) return status;
  self.watcher_ = std::thread([&self, loaded = std::move(loaded)]() mutable { self.Watch(std::move(loaded)); });
  return certificates;
}

Certificates::Certificates(CertificateFiles files, absl::Duration look_interval)
    : files_(std::move(files)), look_interval_(look_interval) {}

Certificates::~Certificates() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
    stop_.Signal();
  }
  if (watcher_.joinable()) watcher_.join();
}

std::shared_ptr<const CertificatePem> Certificates::current() const {
  absl::MutexLock lock(&mu_);
  return pem_;
}

std::shared_ptr<boost::asio::ssl::context> Certificates::HttpContext() const {
  absl::MutexLock lock(&mu_);
  return http_context_;
}

absl::Status Certificates::Reload() {
  absl::StatusOr<CertificatePem> pem = ReadCertificatePem(files_, absl::Now());
  if (!pem.ok()) return pem.status();
  // Made here for gRPC's sake too, which makes its own of the same text: what one library refuses none is given.
  auto http_context = MakeHttpContext(*pem);
  if (!http_context.ok()) return http_context.status();
  const absl::Time expires_at = pem->expires_at;

  absl::MutexLock lock(&mu_);
  pem->generation = pem_ == nullptr ? 1 : pem_->generation + 1;
  Log().info("event=tls_certificate generation={} expires_at={}", pem->generation, TimeText(expires_at));
  if (expires_at - absl::Now() < kExpiryWarning) {
    Log().warn("event=tls_certificate_expires_soon expires_at={}", TimeText(expires_at));
  }
  pem_ = std::make_shared<const CertificatePem>(*std::move(pem));
  http_context_ = *std::move(http_context);
  return absl::OkStatus();
}

void Certificates::Watch(std::string judged) {
  std::string last = judged;
  const auto stopping = [this]() ABSL_SHARED_LOCKS_REQUIRED(mu_) { return stopping_; };
  for (;;) {
    {
      absl::MutexLock lock(&mu_);
      if (stop_.AwaitWithTimeout(&mu_, stopping, look_interval_)) return;
    }
    std::string look = LookAt(files_);
    if (look != judged && look == last) {
      if (absl::Status status = Reload(); !status.ok()) {
        storage::LogWarning("tls_certificate_kept", "the changed files are not used", status);
      }
      judged = look;
    }
    last = std::move(look);
  }
}

}  // namespace playhead::broker
