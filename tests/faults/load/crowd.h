// Clients of every protocol at once: writers, each of its own log, and readers of these logs.
#ifndef PLAYHEAD_TESTS_FAULTS_LOAD_CROWD_H_
#define PLAYHEAD_TESTS_FAULTS_LOAD_CROWD_H_

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "client/client.h"
#include "tests/faults/load/numbered_log.h"
#include "tests/faults/load/reader.h"
#include "tests/faults/load/tally.h"
#include "tests/faults/load/writer.h"

namespace playhead::testing {

// A broker that runs open, with --photon_first_subscribe=live.
struct Broker {
  std::string grpc_address;  // HOST:PORT.
  std::string http_address;
  std::string webhook_secret;  // The app secret of every instance.
};

// Not thread-safe; blocks.
class Crowd {
 public:
  // At most how many connections the clients over HTTP and WebSocket have, one each.
  static constexpr size_t kHttpConnections = 128;
  // How many readers and writers have a stream, one each.
  static constexpr size_t kStreams = 20;
  // The log with the most to read, which has readers of every kind.
  static constexpr char kBusyLog[] = "busy";

  // Returns once each writer has stored its first event and each reader has started.
  Crowd(const Broker& broker, const Client& client);
  // REQUIRES: Finish has returned, or the test has failed.
  ~Crowd();

  // Starts all writers and readers, each on a thread of its own. Returns at once.
  void Begin();
  // Stops the writers. When this returns, they know what is stored.
  void StopWriting();
  // Appends one more event (or batch) to each log. Of each kind of writer, the first one's first attempt must succeed.
  // Returns once everything is stored and all readers have read it.
  void Finish();

  // The tallies of each kind of writer and reader. All kinds of writers but the first, AppendStream, may be refused.
  const std::deque<Tally>& writing() const { return writing_; }
  const std::deque<Tally>& reading() const { return reading_; }
  const std::deque<NumberedLog>& logs() const { return logs_; }

 private:
  void AddWriters(const Broker& broker, const Client& client);
  void AddReaders(const Broker& broker);
  NumberedLog& NewLog(std::string name) { return logs_.emplace_back(std::move(name)); }
  NumberedLog& LogOf(const std::string& name);

  // Deques, so that references stay valid.
  std::deque<NumberedLog> logs_;
  std::deque<Tally> writing_;
  std::deque<Tally> reading_;
  std::vector<std::unique_ptr<Writer>> writers_;
  std::vector<std::unique_ptr<Reader>> readers_;
  std::atomic<bool> over_ = false;
  std::vector<std::thread> writer_threads_;
  std::vector<std::thread> reader_threads_;
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_FAULTS_LOAD_CROWD_H_
