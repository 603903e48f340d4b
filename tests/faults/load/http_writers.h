// Writers over HTTP.
#ifndef PLAYHEAD_TESTS_FAULTS_LOAD_HTTP_WRITERS_H_
#define PLAYHEAD_TESTS_FAULTS_LOAD_HTTP_WRITERS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "tests/faults/load/writer.h"
#include "tests/support/http_connection.h"

namespace playhead::testing {

// What all of them share: one request per attempt, over a persistent connection.
class HttpWriter : public Writer {
 public:
  bool Offer() override;
  void Settle() override {}

 protected:
  // `address` is HOST:PORT. Events have `text_bytes` bytes of text.
  HttpWriter(std::string address, NumberedLog& log, Tally& tally, size_t text_bytes);

  // The parts of a request that appends the events from `first` on.
  virtual std::string Path() const = 0;
  virtual std::string Body(uint64_t first) const = 0;
  virtual std::string Headers(const std::string& body) const = 0;
  // What the body of a successful answer contains if `last` is the last event.
  virtual std::string Success(uint64_t last) const = 0;

  const size_t text_bytes_;

 private:
  void Connect();

  const std::string address_;
  std::optional<HttpConnection> connection_;  // Opened by the first request.
};

// POST /v1/instances/{name}/events with a single event, which has an id.
class JsonWriter : public HttpWriter {
 public:
  JsonWriter(std::string address, NumberedLog& log, Tally& tally, size_t text_bytes)
      : HttpWriter(std::move(address), log, tally, text_bytes) {}

 protected:
  std::string Path() const override;
  std::string Body(uint64_t first) const override;
  std::string Headers(const std::string& body) const override;
  std::string Success(uint64_t last) const override;
};

// The same with several events, one per line.
class LinesWriter final : public JsonWriter {
 public:
  LinesWriter(std::string address, NumberedLog& log, Tally& tally, size_t text_bytes, uint64_t batch)
      : JsonWriter(std::move(address), log, tally, text_bytes), batch_(batch) {}

  uint64_t batch() const override { return batch_; }

 protected:
  std::string Body(uint64_t first) const override;
  std::string Headers(const std::string& body) const override;

 private:
  const uint64_t batch_;
};

// POST /webhook, as Meta sends it. The phone number's id is the log's name.
class WebhookWriter final : public HttpWriter {
 public:
  WebhookWriter(std::string address, NumberedLog& log, Tally& tally, size_t text_bytes, std::string secret)
      : HttpWriter(std::move(address), log, tally, text_bytes), secret_(std::move(secret)) {}

 protected:
  std::string Path() const override { return "/webhook"; }
  std::string Body(uint64_t first) const override;
  std::string Headers(const std::string& body) const override;
  std::string Success(uint64_t /*last*/) const override { return "ok"; }

 private:
  const std::string secret_;
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_FAULTS_LOAD_HTTP_WRITERS_H_
