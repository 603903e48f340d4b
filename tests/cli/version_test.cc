#include "tools/version.h"

#include <gtest/gtest.h>

#include "storage/store/meta.h"

namespace playhead::tools {
namespace {

TEST(VersionTest, TheStoreFormatIsThatOfTheStore) { EXPECT_EQ(kStoreFormat, storage::kFormatVersion); }

}  // namespace
}  // namespace playhead::tools
