#include "storage/store_jobs.h"

namespace playhead::storage {

absl::string_view FindingName(FindingKind kind) {
  switch (kind) {
    case FindingKind::kFile:
      return "FILE";
    case FindingKind::kWal:
      return "WAL";
    case FindingKind::kCatalogue:
      return "CATALOGUE";
    case FindingKind::kDirectory:
      return "DIRECTORY";
    case FindingKind::kBlock:
      return "BLOCK";
    case FindingKind::kHole:
      return "HOLE";
    case FindingKind::kOrder:
      return "ORDER";
    case FindingKind::kHead:
      return "HEAD";
    case FindingKind::kCommit:
      return "COMMIT";
    case FindingKind::kIdentity:
      return "IDENTITY";
    case FindingKind::kOrphan:
      return "ORPHAN";
  }
  return "";
}

}  // namespace playhead::storage
