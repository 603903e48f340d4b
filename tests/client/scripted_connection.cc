#include "tests/client/scripted_connection.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/errors.h"

namespace playhead {

void ScriptedSubscribe::SendBytes(std::string message) {
  {
    absl::MutexLock lock(&mu_);
    mu_.Await(absl::Condition(&reading_));
    reading_ = false;
  }
  observer_->OnMessage(SharedBytes::Of(std::move(message)));
}

void ScriptedSubscribe::SendStarted(uint64_t cursor, uint32_t heartbeat_interval_ms) {
  v1::SubscribeResponse message;
  message.mutable_start()->set_cursor(cursor);
  message.mutable_start()->set_heartbeat_interval_ms(heartbeat_interval_ms);
  Send(message);
}

void ScriptedSubscribe::SendEvents(const std::vector<uint64_t>& cursors, absl::string_view type) {
  v1::SubscribeResponse message;
  for (const uint64_t cursor : cursors) {
    v1::Event& event = *message.add_events();
    event.set_type(std::string(type));
    event.set_data(absl::StrCat(cursor));
    event.set_cursor(cursor);
  }
  Send(message);
}

void ScriptedSubscribe::SendHeartbeat(uint64_t cursor) {
  v1::SubscribeResponse message;
  message.mutable_heartbeat()->set_cursor(cursor);
  message.mutable_heartbeat()->set_head_cursor(cursor);
  Send(message);
}

void ScriptedSubscribe::SendCaughtUp(uint64_t cursor) {
  v1::SubscribeResponse message;
  message.mutable_caught_up()->set_cursor(cursor);
  Send(message);
}

void ScriptedSubscribe::SendGap(uint64_t after, uint64_t last) {
  v1::SubscribeResponse message;
  message.mutable_gap()->set_cause(v1::Gap::TRIMMED);
  message.mutable_gap()->set_after_cursor(after);
  message.mutable_gap()->set_last_cursor(last);
  message.mutable_gap()->set_event_count(last - after);
  Send(message);
}

bool ScriptedSubscribe::reading() const {
  absl::MutexLock lock(&mu_);
  return reading_;
}

bool ScriptedSubscribe::cancelled() const {
  absl::MutexLock lock(&mu_);
  return cancelled_;
}

void ScriptedSubscribe::WaitUntilCancelled() const {
  absl::MutexLock lock(&mu_);
  mu_.Await(absl::Condition(&cancelled_));
}

void ScriptedSubscribe::Read() {
  absl::MutexLock lock(&mu_);
  reading_ = true;
}

void ScriptedSubscribe::Cancel() {
  absl::MutexLock lock(&mu_);
  cancelled_ = true;
}

v1::AppendRequest ScriptedAppend::Take() {
  v1::AppendRequest request;
  {
    absl::MutexLock lock(&mu_);
    const auto written = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return !written_.empty(); };
    mu_.Await(absl::Condition(&written));
    request.ParseFromArray(written_.front().view.data(), static_cast<int>(written_.front().view.size()));
    written_.pop_front();
  }
  observer_->OnWritten();
  return request;
}

bool ScriptedAppend::has_request() const {
  absl::MutexLock lock(&mu_);
  return !written_.empty();
}

void ScriptedAppend::Accept(const v1::AppendRequest& request, uint64_t first_cursor, std::vector<uint32_t> duplicates) {
  v1::AppendStreamResponse reply;
  for (int i = 0; i < request.events_size(); ++i) {
    reply.mutable_appended()->add_cursors(first_cursor + static_cast<uint64_t>(i));
  }
  for (const uint32_t duplicate : duplicates) reply.mutable_appended()->add_duplicates(duplicate);
  observer_->OnReply(std::move(reply));
}

void ScriptedAppend::Refuse(const absl::Status& status) {
  v1::AppendStreamResponse reply;
  *reply.mutable_error() = ToProto(status);
  observer_->OnReply(std::move(reply));
}

bool ScriptedAppend::cancelled() const {
  absl::MutexLock lock(&mu_);
  return cancelled_;
}

bool ScriptedAppend::writes_done() const {
  absl::MutexLock lock(&mu_);
  return writes_done_;
}

void ScriptedAppend::Write(SharedBytes request) {
  absl::MutexLock lock(&mu_);
  written_.push_back(std::move(request));
}

void ScriptedAppend::WritesDone() {
  absl::MutexLock lock(&mu_);
  writes_done_ = true;
}

void ScriptedAppend::Cancel() {
  absl::MutexLock lock(&mu_);
  cancelled_ = true;
}

v1::ConsumeRequest ScriptedConsume::TakeUnreported() {
  v1::ConsumeRequest request;
  absl::MutexLock lock(&mu_);
  const auto written = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return !written_.empty(); };
  mu_.Await(absl::Condition(&written));
  request.ParseFromArray(written_.front().view.data(), static_cast<int>(written_.front().view.size()));
  written_.pop_front();
  return request;
}

v1::ConsumeRequest ScriptedConsume::Take() {
  v1::ConsumeRequest request = TakeUnreported();
  ReportWritten();
  return request;
}

bool ScriptedConsume::has_request() const {
  absl::MutexLock lock(&mu_);
  return !written_.empty();
}

void ScriptedConsume::Send(const v1::ConsumeResponse& message) {
  {
    absl::MutexLock lock(&mu_);
    mu_.Await(absl::Condition(&reading_));
    reading_ = false;
  }
  observer_->OnMessage(SharedBytes::Of(message.SerializeAsString()));
}

v1::ConsumeRequest::Open ScriptedConsume::Open(uint32_t ack_deadline_ms) {
  const v1::ConsumeRequest request = Take();
  v1::ConsumeResponse opened;
  opened.mutable_opened()->mutable_config()->set_ack_deadline_ms(ack_deadline_ms);
  opened.mutable_opened()->set_heartbeat_interval_ms(10'000);
  Send(opened);
  return request.open();
}

void ScriptedConsume::SendEvents(const std::string& instance, const std::vector<uint64_t>& cursors,
                                 const std::vector<uint32_t>& attempts) {
  v1::ConsumeResponse message;
  message.set_instance(instance);
  for (const uint64_t cursor : cursors) {
    v1::Event& event = *message.add_events();
    event.set_type("t");
    event.set_data(absl::StrCat(cursor));
    event.set_cursor(cursor);
  }
  message.mutable_attempts()->Add(attempts.begin(), attempts.end());
  Send(message);
}

void ScriptedConsume::Confirm(uint64_t up_to_number) {
  v1::ConsumeResponse message;
  message.mutable_confirmed()->set_up_to_number(up_to_number);
  Send(message);
}

bool ScriptedConsume::reading() const {
  absl::MutexLock lock(&mu_);
  return reading_;
}

bool ScriptedConsume::cancelled() const {
  absl::MutexLock lock(&mu_);
  return cancelled_;
}

void ScriptedConsume::WaitUntilCancelled() const {
  absl::MutexLock lock(&mu_);
  mu_.Await(absl::Condition(&cancelled_));
}

void ScriptedConsume::Read() {
  absl::MutexLock lock(&mu_);
  reading_ = true;
}

void ScriptedConsume::Write(SharedBytes request) {
  absl::MutexLock lock(&mu_);
  written_.push_back(std::move(request));
}

void ScriptedConsume::Cancel() {
  absl::MutexLock lock(&mu_);
  cancelled_ = true;
}

std::shared_ptr<ScriptedSubscribe> ScriptedConnection::NextSubscribe() {
  absl::MutexLock lock(&mu_);
  const auto attempted = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return !subscribes_.empty(); };
  mu_.Await(absl::Condition(&attempted));
  auto next = std::move(subscribes_.front());
  subscribes_.pop_front();
  return next;
}

std::shared_ptr<ScriptedAppend> ScriptedConnection::NextAppendStream() {
  absl::MutexLock lock(&mu_);
  const auto attempted = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return !appends_.empty(); };
  mu_.Await(absl::Condition(&attempted));
  auto next = std::move(appends_.front());
  appends_.pop_front();
  return next;
}

std::shared_ptr<ScriptedConsume> ScriptedConnection::NextConsume() {
  absl::MutexLock lock(&mu_);
  const auto attempted = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return !consumes_.empty(); };
  mu_.Await(absl::Condition(&attempted));
  auto next = std::move(consumes_.front());
  consumes_.pop_front();
  return next;
}

bool ScriptedConnection::has_attempt() const {
  absl::MutexLock lock(&mu_);
  return !subscribes_.empty() || !appends_.empty() || !consumes_.empty();
}

void ScriptedConnection::ForgetAttempts() {
  std::deque<std::shared_ptr<ScriptedSubscribe>> subscribes;  // Destroyed without the lock.
  std::deque<std::shared_ptr<ScriptedAppend>> appends;
  std::deque<std::shared_ptr<ScriptedConsume>> consumes;
  absl::MutexLock lock(&mu_);
  subscribes.swap(subscribes_);
  appends.swap(appends_);
  consumes.swap(consumes_);
}

std::shared_ptr<SubscribeCall> ScriptedConnection::Subscribe(const v1::SubscribeRequest& request,
                                                             std::shared_ptr<SubscribeObserver> observer) {
  auto call = std::make_shared<ScriptedSubscribe>(request, std::move(observer));
  absl::MutexLock lock(&mu_);
  subscribes_.push_back(call);
  return call;
}

std::shared_ptr<AppendCall> ScriptedConnection::AppendStream(std::shared_ptr<AppendObserver> observer) {
  auto call = std::make_shared<ScriptedAppend>(std::move(observer));
  absl::MutexLock lock(&mu_);
  appends_.push_back(call);
  return call;
}

std::shared_ptr<ConsumeCall> ScriptedConnection::Consume(std::shared_ptr<ConsumeObserver> observer) {
  auto call = std::make_shared<ScriptedConsume>(std::move(observer));
  absl::MutexLock lock(&mu_);
  consumes_.push_back(call);
  return call;
}

}  // namespace playhead
