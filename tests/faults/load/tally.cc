#include "tests/faults/load/tally.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "proto/errors.h"

namespace playhead::testing {
namespace {

// Four buckets per doubling, starting at a microsecond.
size_t BucketOf(absl::Duration latency, size_t count) {
  const double micros = std::max(1.0, absl::ToDoubleMicroseconds(latency));
  return std::min(count - 1, static_cast<size_t>(4 * std::log2(micros)));
}

// Whether this code means that the broker is full.
bool SaysThatItIsFull(absl::string_view code) {
  return code == "APPEND_QUEUE_FULL" || code == "STREAMS_LIMIT" || code == "CONNECTIONS_LIMIT" ||
         code == "REQUEST_TIMEOUT";
}

}  // namespace

void Latencies::Note(absl::Duration latency) {
  ++buckets_[BucketOf(latency, buckets_.size())];
  ++count_;
  max_ = std::max(max_, latency);
}

absl::Duration Latencies::Quantile(double part) const {
  uint64_t left = static_cast<uint64_t>(std::ceil(part * static_cast<double>(count_)));
  for (size_t i = 0; i < buckets_.size() && left > 0; ++i) {
    if (buckets_[i] >= left) {
      return std::min(max_, absl::Microseconds(std::exp2(static_cast<double>(i + 1) / 4)));
    }
    left -= buckets_[i];
  }
  return max_;
}

void Tally::NoteOffered(size_t bytes) {
  absl::MutexLock lock(&mu_);
  ++offered_;
  offered_bytes_ += bytes;
}

void Tally::NoteTaken(size_t bytes) {
  absl::MutexLock lock(&mu_);
  ++taken_;
  taken_bytes_ += bytes;
}

void Tally::NoteTaken(size_t bytes, absl::Duration latency) {
  absl::MutexLock lock(&mu_);
  ++taken_;
  taken_bytes_ += bytes;
  latencies_.Note(latency);
}

void Tally::NoteRefused(absl::string_view code, bool retryable) {
  if (!retryable || !SaysThatItIsFull(code)) return NoteWrong(absl::StrCat("refused: ", code));
  NoteRefusedAs(code);
}

void Tally::NoteRefused(const absl::Status& status) {
  if (!SaysThatItIsFull(ToProto(status).code())) return NoteWrong(status.ToString());
  NoteRefused(ToProto(status).code(), IsRetryable(status));
}

void Tally::NoteRefused(const HttpResponse& response) {
  const auto header = [&response](const char* name) {
    const auto found = response.headers.find(name);
    return found == response.headers.end() ? std::string() : found->second;
  };
  const std::string code = header("error-code");
  // With so many connections, some are closed without an answer; what comes too slowly is cut off.
  if (response.status == 0) return NoteRefusedAs("closed");
  if (response.status == 408 && code == "REQUEST_TIMEOUT") return NoteRefusedAs(code);
  int seconds = 0;
  if ((response.status != 429 && response.status != 503) || !SaysThatItIsFull(code) ||
      header("x-retryable") != "true" || !absl::SimpleAtoi(header("retry-after"), &seconds) || seconds < 1) {
    return NoteWrong(absl::StrCat("HTTP ", response.status, " ", code, ": ", response.body.substr(0, 200)));
  }
  NoteRefusedAs(code);
}

void Tally::NoteRefusedAs(absl::string_view code) {
  absl::MutexLock lock(&mu_);
  ++refused_[std::string(code)];
}

void Tally::NoteWrong(absl::string_view how) { ADD_FAILURE() << what_ << ": " << how; }

uint64_t Tally::offered() const {
  absl::MutexLock lock(&mu_);
  return offered_;
}

uint64_t Tally::offered_bytes() const {
  absl::MutexLock lock(&mu_);
  return offered_bytes_;
}

uint64_t Tally::taken() const {
  absl::MutexLock lock(&mu_);
  return taken_;
}

uint64_t Tally::taken_bytes() const {
  absl::MutexLock lock(&mu_);
  return taken_bytes_;
}

uint64_t Tally::refused() const {
  absl::MutexLock lock(&mu_);
  uint64_t all = 0;
  for (const auto& [code, count] : refused_) all += count;
  return all;
}

Latencies Tally::latencies() const {
  absl::MutexLock lock(&mu_);
  return latencies_;
}

std::string Tally::Summary() const {
  absl::MutexLock lock(&mu_);
  std::string text = absl::StrFormat("%-24s offered %7d, taken %6d (%5.1f MiB)", what_, offered_, taken_,
                                     static_cast<double>(taken_bytes_) / (1 << 20));
  if (latencies_.count() > 0) {
    absl::StrAppend(&text, ", p50 ", absl::FormatDuration(absl::Trunc(latencies_.Quantile(0.5), absl::Milliseconds(1))),
                    ", p99 ", absl::FormatDuration(absl::Trunc(latencies_.Quantile(0.99), absl::Milliseconds(1))),
                    ", max ", absl::FormatDuration(absl::Trunc(latencies_.max(), absl::Milliseconds(1))));
  }
  for (const auto& [code, count] : refused_) absl::StrAppend(&text, ", ", count, " ", code);
  return text;
}

}  // namespace playhead::testing
