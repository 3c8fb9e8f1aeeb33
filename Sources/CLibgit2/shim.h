#ifndef AIRLOCK_CLIBGIT2_SHIM_H
#define AIRLOCK_CLIBGIT2_SHIM_H

#include <git2.h>
#include <git2/sys/mempack.h>
#include <git2/sys/odb_backend.h>

// Swift cannot call variadic C functions, and `git_libgit2_opts` is one. Each wrapper sets one option.

/// Empties one search path, so that no configuration outside a repository is ever obeyed.
static inline int alk_git_empty_search_path(int level) {
    return git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, "");
}

/// Keeps the check that a repository belongs to the user who opens it.
static inline int alk_git_validate_owner(int enabled) {
    return git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, enabled);
}

/// Flushes packs and references to the disk before they count as written.
static inline int alk_git_fsync(int enabled) {
    return git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, enabled);
}

/// Compares every object that is read with the name it is read by.
static inline int alk_git_verify_hashes(int enabled) {
    return git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, enabled);
}

/// Trusts the certificates of one file besides those that the library was built with.
static inline int alk_git_certificates(const char *file) {
    return git_libgit2_opts(GIT_OPT_SET_SSL_CERT_LOCATIONS, file, NULL);
}

/// Bounds the objects of one pack that is received.
static inline int alk_git_pack_objects(size_t count) {
    return git_libgit2_opts(GIT_OPT_SET_PACK_MAX_OBJECTS, count);
}

#endif
