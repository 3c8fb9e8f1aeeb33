#include "build_commit.h"

#ifndef AIRLOCK_BUILD_COMMIT
#define AIRLOCK_BUILD_COMMIT "unknown"
#endif

const char *airlock_build_commit(void) { return AIRLOCK_BUILD_COMMIT; }
