/*
 * A disk that fails, for one process (LD_PRELOAD): while the file $FAULTY_SWITCH says "EIO" or "EROFS", whatever
 * changes something below the folder $FAULTY_FOLDER fails with that; reading goes on.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>

/* A plain call of open, so that our own looks are not looked at. */
static int fault(void) {
  int (*real_open)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
  ssize_t (*real_read)(int, void *, size_t) = (ssize_t(*)(int, void *, size_t))dlsym(RTLD_NEXT, "read");
  int (*real_close)(int) = (int (*)(int))dlsym(RTLD_NEXT, "close");
  const char *path = getenv("FAULTY_SWITCH");
  char text[8] = {0};
  int fd = path ? real_open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (fd < 0) return 0;
  if (real_read(fd, text, sizeof text - 1) < 0) text[0] = 0;
  real_close(fd);
  if (strcmp(text, "EIO") == 0) return EIO;
  return strcmp(text, "EROFS") == 0 ? EROFS : 0;
}

static int is_below(const char *path) {
  const char *folder = getenv("FAULTY_FOLDER");
  return folder && path && strncmp(path, folder, strlen(folder)) == 0;
}

static int is_file_below(int fd) {
  extern ssize_t readlink(const char *, char *, size_t);
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return is_below(path);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define FAIL_IF(condition)                 \
  do {                                     \
    int why = (condition) ? fault() : 0;   \
    if (why) {                             \
      errno = why;                         \
      return -1;                           \
    }                                      \
  } while (0)

extern ssize_t write(int, const void *, size_t);
extern ssize_t pwrite(int, const void *, size_t, off_t);
extern ssize_t pwrite64(int, const void *, size_t, off64_t);
extern int fsync(int);
extern int fdatasync(int);
extern int unlink(const char *);

ssize_t write(int fd, const void *bytes, size_t size) {
  FAIL_IF(fd > 2 && is_file_below(fd));
  return REAL(write)(fd, bytes, size);
}
ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) {
  FAIL_IF(is_file_below(fd));
  return REAL(pwrite)(fd, bytes, size, at);
}
ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at) {
  FAIL_IF(is_file_below(fd));
  return REAL(pwrite64)(fd, bytes, size, at);
}
int fsync(int fd) {
  FAIL_IF(is_file_below(fd));
  return REAL(fsync)(fd);
}
int fdatasync(int fd) {
  FAIL_IF(is_file_below(fd));
  return REAL(fdatasync)(fd);
}
int unlink(const char *path) {
  FAIL_IF(is_below(path));
  return REAL(unlink)(path);
}
int rename(const char *from, const char *to) {
  FAIL_IF(is_below(from));
  return REAL(rename)(from, to);
}

static int opens_to_write(int flags) { return (flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)) != 0; }

int open(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = flags & O_CREAT ? (mode_t)va_arg(rest, int) : 0;
  va_end(rest);
  FAIL_IF(opens_to_write(flags) && is_below(path));
  return ((int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open"))(path, flags, mode);
}
int open64(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = flags & O_CREAT ? (mode_t)va_arg(rest, int) : 0;
  va_end(rest);
  FAIL_IF(opens_to_write(flags) && is_below(path));
  return ((int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open64"))(path, flags, mode);
}
