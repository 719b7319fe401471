// What Glibc's Swift module leaves out. Define no feature macro here: another view of <sys/select.h> than that
// module's breaks debug builds.
#pragma once
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

/// accept4 with SOCK_NONBLOCK and SOCK_CLOEXEC; fills `peer` when it is not NULL.
int clinux_accept(int fd, struct sockaddr_storage *_Nullable peer);

/// pipe2 with O_CLOEXEC and O_NONBLOCK on both ends.
int clinux_pipe(int ends[_Nonnull 2]);

/// A descriptor that becomes readable when the process ends; -1 with errno when there is none.
int clinux_pidfd_open(pid_t pid);
int clinux_pidfd_send_signal(int pidfd, int signal);

/// Reaps the child behind `pidfd` without waiting. 1: reaped, with its exit code or signal; 0: still running; -1: errno.
int clinux_pidfd_reap(int pidfd, int *_Nonnull exit_code, int *_Nonnull signal);

/// Whether processes below us that lose their parent become our children instead of process 1's; 0, or -1 with errno.
int clinux_set_subreaper(int on);

/// A child that has ended and that nobody has reaped yet, without reaping it; 0 when there is none.
pid_t clinux_ended_child(void);

/// From now on `signal` writes its number as one byte to `fd` instead of its default action.
int clinux_forward_signal(int signal, int fd);
int clinux_restore_signal(int signal);

/// The calling thread's kernel id.
int clinux_thread_id(void);

/// How a child starts: in a process group (or session) of its own, with default signal actions and none blocked, and
/// with no descriptor but the three given.
struct clinux_start {
  const char *_Nonnull path;
  char *_Nullable const *_Nonnull argv;
  char *_Nullable const *_Nonnull envp;
  const char *_Nullable directory;
  int input, output, errors;
  int own_session;
};

/// Starts it; 0, or the errno of what failed, that of exec included.
int clinux_spawn(const struct clinux_start *_Nonnull start, pid_t *_Nonnull pid);

/// The most that a running process may use of `resource` (RLIMIT_…), as soft and hard limit; 0 or errno.
int clinux_limit(pid_t pid, int resource, uint64_t limit);

/// Opens a file for reading by a path below the directory `root`; symbolic links may not lead out of it. -1 with errno.
int clinux_open_beneath(int root, const char *_Nonnull path);

/// Opens by a path below the directory `root`, through no symbolic link at all; flags and mode as for open(2). -1 with
/// errno, which is ELOOP where a link is in the way.
int clinux_open_within(int root, const char *_Nonnull path, int flags, unsigned mode);

/// Renames, but never over what is there already: -1 with EEXIST then.
int clinux_rename_new(int from, const char *_Nonnull name, int to, const char *_Nonnull new_name);
