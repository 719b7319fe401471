#pragma once
#include <sqlite3.h>

// Macros with casts and variadic functions, which Swift does not import.

/// SQLITE_TRANSIENT: SQLite copies what is bound.
static inline sqlite3_destructor_type csqlite_copy(void) { return SQLITE_TRANSIENT; }

/// One on/off setting of a connection, such as SQLITE_DBCONFIG_DEFENSIVE.
static inline int csqlite_set(sqlite3 *database, int setting, int on) {
  return sqlite3_db_config(database, setting, on, (int *)0);
}

/// Brings what is in the WAL to the disk, as SQLite itself does at the end of a commit when it is told to.
static inline int csqlite_sync_wal(sqlite3 *database) {
  sqlite3_file *wal = 0;
  int code = sqlite3_file_control(database, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal);
  if (code != SQLITE_OK || !wal || !wal->pMethods) return code;
  return wal->pMethods->xSync(wal, SQLITE_SYNC_NORMAL);
}
