// hiredis (Debian: libhiredis-dev): its reply reader and command formatter only; sockets are ours.
#ifndef REACTOR_CHIREDIS_SHIM_H
#define REACTOR_CHIREDIS_SHIM_H
#include <hiredis/hiredis.h>
#endif
