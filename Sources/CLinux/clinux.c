#define _GNU_SOURCE
#include "clinux.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

int clinux_accept(int fd, struct sockaddr_storage *peer) {
  socklen_t length = sizeof *peer;
  return accept4(fd, (struct sockaddr *)peer, peer ? &length : NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int clinux_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC | O_NONBLOCK); }

int clinux_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int clinux_pidfd_send_signal(int pidfd, int signal) {
  return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}

int clinux_pidfd_reap(int pidfd, int *exit_code, int *signal) {
  siginfo_t info;
  memset(&info, 0, sizeof info);
  if (waitid((idtype_t)P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG) < 0) return -1;
  if (info.si_pid == 0) return 0;
  *exit_code = info.si_code == CLD_EXITED ? info.si_status : -1;
  *signal = info.si_code == CLD_EXITED ? 0 : info.si_status;
  return 1;
}

int clinux_set_subreaper(int on) { return prctl(PR_SET_CHILD_SUBREAPER, on ? 1UL : 0UL, 0UL, 0UL, 0UL); }

pid_t clinux_ended_child(void) {
  siginfo_t info;
  memset(&info, 0, sizeof info);
  if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0) return 0;
  return info.si_pid;
}

static int forward_to[65];

static void forward(int signal) {
  int saved = errno;
  unsigned char byte = (unsigned char)signal;
  ssize_t ignored = write(forward_to[signal], &byte, 1); // a full pipe already says what is needed
  (void)ignored;
  errno = saved;
}

int clinux_forward_signal(int signal, int fd) {
  if (signal < 1 || signal > 64) { errno = EINVAL; return -1; }
  forward_to[signal] = fd;
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = forward;
  action.sa_flags = SA_RESTART;
  return sigaction(signal, &action, NULL);
}

int clinux_restore_signal(int signal) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = SIG_DFL;
  return sigaction(signal, &action, NULL);
}

int clinux_thread_id(void) { return (int)syscall(SYS_gettid); }

static int add_actions(posix_spawn_file_actions_t *actions, const struct clinux_start *start) {
  const int from[3] = {start->input, start->output, start->errors};
  for (int target = 0; target < 3; target++) {
    int error = posix_spawn_file_actions_adddup2(actions, from[target], target);
    if (error) return error;
  }
  int error = posix_spawn_file_actions_addclosefrom_np(actions, 3);
  if (!error && start->directory) error = posix_spawn_file_actions_addchdir_np(actions, start->directory);
  return error;
}

int clinux_spawn(const struct clinux_start *start, pid_t *pid) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  sigset_t all, none;
  sigfillset(&all);
  sigemptyset(&none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setpgroup(&attributes, 0);
  short group = start->own_session ? POSIX_SPAWN_SETSID : POSIX_SPAWN_SETPGROUP;
  posix_spawnattr_setflags(&attributes, (short)(group | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK));
  int error = add_actions(&actions, start);
  if (!error) error = posix_spawn(pid, start->path, &actions, &attributes, start->argv, start->envp);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return error;
}

int clinux_limit(pid_t pid, int resource, uint64_t limit) {
  struct rlimit now;
  if (prlimit(pid, (enum __rlimit_resource)resource, NULL, &now) != 0) return errno;
  if (limit > now.rlim_max) limit = now.rlim_max;
  struct rlimit next = {.rlim_cur = limit, .rlim_max = limit};
  return prlimit(pid, (enum __rlimit_resource)resource, &next, NULL) == 0 ? 0 : errno;
}

// Without openat2 (before Linux 5.6, or forbidden by a filter): no symbolic link at all, step by step.
static int open_step_by_step(int root, const char *path, int flags, unsigned mode) {
  int directory = dup(root);
  while (directory >= 0) {
    size_t length = strcspn(path, "/");
    int last = path[length] == 0;
    char name[256];
    int next = -1;
    if (length == 0 || length >= sizeof(name) || (length == 2 && !memcmp(path, "..", 2))) {
      errno = EINVAL;
    } else {
      memcpy(name, path, length);
      name[length] = 0;
      next = openat(directory, name, O_NOFOLLOW | O_CLOEXEC | (last ? flags : O_PATH | O_DIRECTORY), mode);
    }
    int failure = errno;
    close(directory);
    errno = failure;
    if (last || next < 0) return next;
    directory = next;
    path += length + 1;
  }
  return -1;
}

int clinux_open_beneath(int root, const char *path) {
  // NONBLOCK, so that a pipe that somebody put there holds nobody up.
  const int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  struct open_how how = {.flags = flags, .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
  int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
  if (fd >= 0 || (errno != ENOSYS && errno != EPERM)) return fd;
  return open_step_by_step(root, path, flags, 0);
}

int clinux_open_within(int root, const char *path, int flags, unsigned mode) {
  flags |= O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  struct open_how how = {
    .flags = (unsigned)flags, .mode = mode, .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS};
  int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
  if (fd >= 0 || (errno != ENOSYS && errno != EPERM)) return fd;
  return open_step_by_step(root, path, flags, mode);
}

int clinux_rename_new(int from, const char *name, int to, const char *new_name) {
  return renameat2(from, name, to, new_name, RENAME_NOREPLACE);
}
