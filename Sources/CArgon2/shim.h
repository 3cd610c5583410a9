// libargon2 (Debian: libargon2-dev): password hashing, RFC 9106.
#ifndef REACTOR_CARGON2_SHIM_H
#define REACTOR_CARGON2_SHIM_H
#include <argon2.h>
#endif
