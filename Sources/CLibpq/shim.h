// libpq (Debian: libpq-dev), the nonblocking and pipeline-mode part of it.
#ifndef REACTOR_CLIBPQ_SHIM_H
#define REACTOR_CLIBPQ_SHIM_H
#include <libpq-fe.h>
#endif
