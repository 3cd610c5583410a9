// hiredis (Debian: libhiredis-dev): its reply reader only; sockets and commands are ours.
#ifndef REACTOR_CHIREDIS_SHIM_H
#define REACTOR_CHIREDIS_SHIM_H
#include <hiredis/hiredis.h>
#endif
