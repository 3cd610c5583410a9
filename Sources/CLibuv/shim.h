// libuv (Debian: libuv1-dev). Only what Swift cannot spell: variadic macros and struct-to-struct casts live here.
#ifndef REACTOR_CLIBUV_SHIM_H
#define REACTOR_CLIBUV_SHIM_H
#include <sys/prctl.h>
#include <uv.h>

/* pthread_setname_np is hidden behind _GNU_SOURCE, which a module cannot ask for. Linux cuts the name at 15 bytes. */
static inline void reactor_set_thread_name(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

#endif
