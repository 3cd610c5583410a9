// libmagic: what a file is, by its content (Debian: libmagic-dev).
#ifndef REACTOR_CMAGIC_SHIM_H
#define REACTOR_CMAGIC_SHIM_H
#include <magic.h>
#endif
