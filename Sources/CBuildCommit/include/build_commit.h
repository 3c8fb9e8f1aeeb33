#ifndef AIRLOCK_BUILD_COMMIT_H
#define AIRLOCK_BUILD_COMMIT_H

/// The commit that the program was built from, or "unknown"; Package.swift gives it.
const char *_Nonnull airlock_build_commit(void);

#endif
