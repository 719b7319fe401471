// first PORT PATH COMMAND…: starts a program and prints how long it took until it had answered a request, in
// milliseconds from before the fork; then it ends the program.
#include "common.h"
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static int answers(int port, const char *request, size_t length) {
  int fd = connect_to(port);
  if (fd < 0) return 0;
  fcntl(fd, F_SETFL, 0);
  struct timeval patience = {.tv_sec = 2};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  char bytes[4096];
  ssize_t count = send_all(fd, request, length) == 0 ? recv(fd, bytes, sizeof bytes, 0) : -1;
  close(fd);
  return count > 12 && strncmp(bytes, "HTTP/1.1 ", 9) == 0;
}

int main(int count, char **arguments) {
  if (count < 4) {
    fprintf(stderr, "usage: first PORT PATH COMMAND...\n");
    return 2;
  }
  int port = atoi(arguments[1]), is_there = 0;
  char request[1024];
  size_t length = (size_t)snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n",
                                   arguments[2], port);
  int64_t begin = now_ns();
  pid_t child = fork();
  if (child < 0) die("fork");
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int nowhere = open("/dev/null", O_WRONLY);
    dup2(nowhere, 1);
    dup2(nowhere, 2);
    execvp(arguments[3], arguments + 3);
    _exit(127);
  }
  while (!is_there && now_ns() - begin < 10 * 1000000000LL && waitpid(child, NULL, WNOHANG) == 0) {
    is_there = answers(port, request, length);
    if (!is_there) nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
  }
  double taken = (double)(now_ns() - begin) / 1e6;
  kill(child, SIGTERM);
  waitpid(child, NULL, 0);
  if (!is_there) {
    fprintf(stderr, "%s did not answer\n", arguments[3]);
    return 1;
  }
  printf("{\"milliseconds\":%.2f}\n", taken);
  return 0;
}
