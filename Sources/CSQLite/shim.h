#pragma once
#include <sqlite3.h>

// Macros with casts and variadic functions, which Swift does not import.

/// SQLITE_TRANSIENT: SQLite copies what is bound.
static inline sqlite3_destructor_type csqlite_copy(void) { return SQLITE_TRANSIENT; }

/// One on/off setting of a connection, such as SQLITE_DBCONFIG_DEFENSIVE.
static inline int csqlite_set(sqlite3 *database, int setting, int on) {
  return sqlite3_db_config(database, setting, on, (int *)0);
}
