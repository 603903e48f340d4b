#include "broker/tls/certificates.h"

#include <sys/stat.h>

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/log.h"
#include "broker/tls/http_context.h"

namespace playhead::broker {
namespace {

// A certificate with less time than this should have been renewed.
constexpr absl::Duration kExpiryWarning = absl::Hours(24 * 7);

// A text that changes when the file at `path` is written or replaced; follows symbolic links.
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

absl::StatusOr<std::unique_ptr<Certificates>> Certificates::Load(CertificateFiles files, Intervals intervals) {
  std::unique_ptr<Certificates> certificates(new Certificates(std::move(files), intervals));
  WarnIfReadableByAll(certificates->files_.key);
  Certificates& self = *certificates;
  // Taken before the files are read, so that a change during the read is noticed.
  std::string loaded = LookAt(self.files_);
  if (absl::Status status = self.Reload(); !status.ok()) return status;
  self.WarnIfItExpiresSoon();
  self.watcher_ = std::thread([&self, loaded = std::move(loaded)]() mutable { self.Watch(std::move(loaded)); });
  return certificates;
}

Certificates::Certificates(CertificateFiles files, Intervals intervals)
    : files_(std::move(files)), intervals_(intervals) {}

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
  // Also validates the certificate for gRPC, which builds its own context from the same text: both libraries accept it
  // or neither gets it.
  auto http_context = MakeHttpContext(*pem);
  if (!http_context.ok()) return http_context.status();
  const absl::Time expires_at = pem->expires_at;

  absl::MutexLock lock(&mu_);
  pem->generation = pem_ == nullptr ? 1 : pem_->generation + 1;
  Log().info("event=tls_certificate generation={} expires_at={}", pem->generation, TimeText(expires_at));
  pem_ = std::make_shared<const CertificatePem>(*std::move(pem));
  http_context_ = *std::move(http_context);
  return absl::OkStatus();
}

void Certificates::WarnIfItExpiresSoon() const {
  const absl::Time expires_at = current()->expires_at;
  if (expires_at - absl::Now() < kExpiryWarning) {
    Log().warn("event=tls_certificate_expires_soon expires_at={}", TimeText(expires_at));
  }
}

void Certificates::Watch(std::string judged) {
  std::string last = judged;
  auto warned_at = std::chrono::steady_clock::now();  // Or the last time that a warning would have been due.
  const auto stopping = [this]() ABSL_SHARED_LOCKS_REQUIRED(mu_) { return stopping_; };
  for (;;) {
    {
      absl::MutexLock lock(&mu_);
      if (stop_.AwaitWithTimeout(&mu_, stopping, intervals_.look)) return;
    }
    std::string look = LookAt(files_);
    if (look != judged && look == last) {
      if (absl::Status status = Reload(); !status.ok()) {
        storage::LogWarning("tls_certificate_kept", "", status);
      } else {
        WarnIfItExpiresSoon();
        warned_at = std::chrono::steady_clock::now();
      }
      judged = look;
    }
    last = std::move(look);
    if (absl::FromChrono(std::chrono::steady_clock::now() - warned_at) >= intervals_.expiry_warning) {
      WarnIfItExpiresSoon();
      warned_at = std::chrono::steady_clock::now();
    }
  }
}

}  // namespace playhead::broker
