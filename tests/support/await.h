// Blocking calls of asynchronous interfaces, for tests.
#ifndef PLAYHEAD_TESTS_SUPPORT_AWAIT_H_
#define PLAYHEAD_TESTS_SUPPORT_AWAIT_H_

#include "storage/await.h"

namespace playhead::testing {

using storage::Await;
using storage::AwaitStatus;

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_SUPPORT_AWAIT_H_
