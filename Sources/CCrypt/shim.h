// libxcrypt: password hashes in crypt(3)'s formats, bcrypt among them (Debian: libcrypt-dev).
#ifndef REACTOR_CCRYPT_SHIM_H
#define REACTOR_CCRYPT_SHIM_H
#include <crypt.h>
#endif
