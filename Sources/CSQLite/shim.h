// SQLite (Debian: libsqlite3-dev).
#ifndef REACTOR_CSQLITE_SHIM_H
#define REACTOR_CSQLITE_SHIM_H
#include <sqlite3.h>
#endif
