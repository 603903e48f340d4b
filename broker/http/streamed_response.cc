#include "broker/http/streamed_response.h"

#include <utility>

#include "broker/http/chunks.h"

namespace playhead::broker::http {

void StreamedResponse::Open() {
  open_ = true;
  const std::shared_ptr<ResponseStreamHandler> handler = handler_;
  handler->OnOpen(shared_from_this());
}

void StreamedResponse::OnWritten() {
  piece_ = std::string();
  const std::shared_ptr<ResponseStreamHandler> handler = handler_;
  handler->OnWritable();
}

void StreamedResponse::Stop() {
  if (!open_ || owner_ == nullptr) return;
  const std::shared_ptr<ResponseStreamHandler> handler = handler_;
  handler->OnStopping();
}

void StreamedResponse::Close() {
  owner_ = nullptr;
  std::exchange(handler_, nullptr)->OnClosed();
}

void StreamedResponse::Write(std::string bytes) {
  if (owner_ == nullptr || bytes.empty()) return;
  piece_ = std::move(bytes);
  chunk_start_.clear();
  if (chunked_) AppendChunkStart(piece_.size(), chunk_start_);
  const absl::string_view end = chunked_ ? kChunkEnd : "";
  owner_->WritePiece(Buffers{boost::asio::buffer(chunk_start_), boost::asio::buffer(piece_),
                             boost::asio::buffer(end.data(), end.size())});
}

void StreamedResponse::Finish() {
  if (owner_ == nullptr) return;
  const std::shared_ptr<StreamedResponse> self = shared_from_this();  // The owner and the handler may drop it.
  owner_->WriteEnd(chunked_ ? kLastChunk : "");
  Close();
}

void StreamedResponse::Abort() {
  if (owner_ != nullptr) owner_->CloseLater();
}

}  // namespace playhead::broker::http
