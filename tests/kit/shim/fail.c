/* Makes one call of the C library go wrong, or ends the program at it. Preloaded by tests; no part of any build.
 *
 * It sees calls of the C library: Rust's standard library and the SQLite in the program make them. It does not see
 * system calls that are made without the C library: `rustix` (modes, locks, and the rename with which `tempfile` gives
 * a file its name). A test holds what it saw against what lies on disk.
 *
 *   HOLDOVER_FAULT_BELOW  folder; calls on files elsewhere are neither counted nor touched
 *   HOLDOVER_FAULT_CALL   write, fsync, rename, truncate, unlink, open (files that are made), send (sockets);
 *                         `file` is any of them but send
 *   HOLDOVER_FAULT_NAME   part of the path, or of the path a file is renamed to; without it every path counts
 *   HOLDOVER_FAULT_NTH    which of those calls, from 1
 *   HOLDOVER_FAULT_ON     1: all from there on, as on a disk that stays full
 *   HOLDOVER_FAULT_DO     enospc, eio, short (half of the bytes), before, after, half (killed there)
 *   HOLDOVER_FAULT_FIRED  file that gets a line whenever it acts
 *   HOLDOVER_FAULT_TRACE  file that gets a line for every call that is counted
 *   HOLDOVER_FAULT_SYNCED folder that gets a copy of each file as it was when it was last synced, named by its inode: a
 *                         test puts them back after a kill, and what was not synced is lost as by a power cut
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum act { NOTHING, FAIL, SHORT, BEFORE, AFTER, HALF };

static const char *below, *wanted_call, *wanted_name, *fired_file, *trace_file, *synced_folder, *words;
static long nth;
static int goes_on, error_number;
static enum act act;
static atomic_long counted;

__attribute__((constructor)) static void begin(void)
{
    const char *text;
    below = getenv("HOLDOVER_FAULT_BELOW");
    wanted_call = getenv("HOLDOVER_FAULT_CALL");
    wanted_name = getenv("HOLDOVER_FAULT_NAME");
    fired_file = getenv("HOLDOVER_FAULT_FIRED");
    trace_file = getenv("HOLDOVER_FAULT_TRACE");
    synced_folder = getenv("HOLDOVER_FAULT_SYNCED");
    text = getenv("HOLDOVER_FAULT_NTH");
    nth = text ? atol(text) : 0;
    goes_on = getenv("HOLDOVER_FAULT_ON") != NULL;
    words = getenv("HOLDOVER_FAULT_DO");
    if (!words)
        return;
    if (!strcmp(words, "enospc") || !strcmp(words, "eio")) {
        act = FAIL;
        error_number = strcmp(words, "eio") ? ENOSPC : EIO;
    } else if (!strcmp(words, "short"))
        act = SHORT;
    else if (!strcmp(words, "before"))
        act = BEFORE;
    else if (!strcmp(words, "after"))
        act = AFTER;
    else if (!strcmp(words, "half"))
        act = HALF;
}

static void tell(const char *file, const char *call, long number, const char *path, const char *other)
{
    char line[2 * PATH_MAX + 64];
    int length, kept = errno;
    long fd = syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0) {
        length = snprintf(line, sizeof line, "%s %ld %s%s%s\n", call, number, path, other ? " -> " : "", other ? other : "");
        if (length > 0 && syscall(SYS_write, fd, line, (size_t)length) < 0)
            syscall(SYS_write, 2, "fail.c: cannot tell\n", (size_t)20);
        syscall(SYS_close, fd);
    }
    errno = kept;
}

static void die(void)
{
    syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
    for (;;)
        pause();
}

static int is_below(const char *path)
{
    size_t length = below ? strlen(below) : 0;
    return length && path && !strncmp(path, below, length) && (path[length] == '/' || !path[length]);
}

/* Decides about one call; `path` and `other` are absolute. */
static enum act decide(const char *call, const char *path, const char *other)
{
    int is_send = !strcmp(call, "send");
    long number;
    if (!is_send && !is_below(path) && !is_below(other))
        return NOTHING;
    if (trace_file)
        tell(trace_file, call, 0, path, other);
    if (!wanted_call || act == NOTHING)
        return NOTHING;
    if (strcmp(wanted_call, call) && (is_send || strcmp(wanted_call, "file")))
        return NOTHING;
    if (wanted_name && !strstr(path, wanted_name) && !(other && strstr(other, wanted_name)))
        return NOTHING;
    number = atomic_fetch_add(&counted, 1) + 1;
    if (number != nth && !(goes_on && number > nth))
        return NOTHING;
    if (fired_file)
        tell(fired_file, call, number, path, other);
    if (act == BEFORE)
        die();
    if (act == FAIL)
        errno = error_number;
    return act;
}

static const char *of_descriptor(int fd, char *space)
{
    char name[64];
    long length;
    int kept = errno;
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    length = syscall(SYS_readlinkat, AT_FDCWD, name, space, (size_t)(PATH_MAX - 1));
    space[length > 0 ? length : 0] = 0;
    errno = kept;
    return space;
}

static const char *absolute(int folder, const char *path, char *space)
{
    size_t length;
    if (!path || path[0] == '/')
        return path;
    if (folder == AT_FDCWD) {
        if (syscall(SYS_getcwd, space, (size_t)PATH_MAX) < 0)
            return path;
    } else
        of_descriptor(folder, space);
    length = strlen(space);
    snprintf(space + length, PATH_MAX - length, "/%s", path);
    return space;
}

/* What is to happen to bytes for this descriptor. */
static enum act decide_bytes(int fd)
{
    char space[PATH_MAX];
    if (fd <= 2 || !below)
        return NOTHING;
    of_descriptor(fd, space);
    return decide(strncmp(space, "socket:", 7) ? "write" : "send", space, NULL);
}

static size_t part(enum act what, size_t length)
{
    return (what == SHORT || what == HALF) && length > 1 ? length / 2 : length;
}

static long ended(enum act what, long result)
{
    if (what == AFTER || what == HALF)
        die();
    return result;
}

ssize_t write(int fd, const void *bytes, size_t length)
{
    enum act what = decide_bytes(fd);
    return what == FAIL ? -1 : ended(what, syscall(SYS_write, fd, bytes, part(what, length)));
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at)
{
    enum act what = decide_bytes(fd);
    return what == FAIL ? -1 : ended(what, syscall(SYS_pwrite64, fd, bytes, part(what, length), at));
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at)
{
    return pwrite64(fd, bytes, length, at);
}

static ssize_t vectors(enum act what, int fd, const struct iovec *list, int count, long number, off64_t at)
{
    if (what == FAIL)
        return -1;
    if ((what == SHORT || what == HALF) && count > 0 && list[0].iov_len > 1) {
        if (number == SYS_writev)
            return ended(what, syscall(SYS_write, fd, list[0].iov_base, list[0].iov_len / 2));
        return ended(what, syscall(SYS_pwrite64, fd, list[0].iov_base, list[0].iov_len / 2, at));
    }
    return ended(what, number == SYS_writev ? syscall(number, fd, list, count) : syscall(number, fd, list, count, at, 0));
}

ssize_t writev(int fd, const struct iovec *list, int count)
{
    return vectors(decide_bytes(fd), fd, list, count, SYS_writev, 0);
}

ssize_t pwritev64(int fd, const struct iovec *list, int count, off64_t at)
{
    return vectors(decide_bytes(fd), fd, list, count, SYS_pwritev, at);
}

ssize_t pwritev(int fd, const struct iovec *list, int count, off_t at)
{
    return pwritev64(fd, list, count, at);
}

ssize_t sendto(int fd, const void *bytes, size_t length, int flags, const struct sockaddr *to, socklen_t size)
{
    enum act what = decide_bytes(fd);
    return what == FAIL ? -1 : ended(what, syscall(SYS_sendto, fd, bytes, part(what, length), flags, to, size));
}

ssize_t send(int fd, const void *bytes, size_t length, int flags)
{
    return sendto(fd, bytes, length, flags, NULL, 0);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    enum act what = decide_bytes(fd);
    return what == FAIL ? -1 : ended(what, syscall(SYS_sendmsg, fd, message, flags));
}

/* Keeps what has just become durable. */
static void keep(int fd)
{
    char name[64], place[PATH_MAX], fresh[PATH_MAX], bytes[65536];
    struct stat found;
    int kept = errno;
    long from, to, length, at = 0;
    if (!synced_folder || fstat(fd, &found) || !S_ISREG(found.st_mode))
        return;
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    snprintf(place, sizeof place, "%s/%lu", synced_folder, (unsigned long)found.st_ino);
    snprintf(fresh, sizeof fresh, "%s/%lu.new", synced_folder, (unsigned long)found.st_ino);
    from = syscall(SYS_openat, AT_FDCWD, name, O_RDONLY | O_CLOEXEC, 0);
    to = syscall(SYS_openat, AT_FDCWD, fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    while (from >= 0 && to >= 0 && (length = syscall(SYS_pread64, from, bytes, sizeof bytes, at)) > 0) {
        if (syscall(SYS_write, to, bytes, (size_t)length) != length)
            abort();
        at += length;
    }
    syscall(SYS_close, from);
    syscall(SYS_close, to);
    syscall(SYS_renameat2, AT_FDCWD, fresh, AT_FDCWD, place, 0);
    errno = kept;
}

/* A file that is made now may have the inode of one that is gone. */
static void forget(int fd)
{
    char place[PATH_MAX];
    struct stat found;
    int kept = errno;
    if (!synced_folder || fd < 0 || fstat(fd, &found) || !S_ISREG(found.st_mode) || found.st_size)
        return;
    snprintf(place, sizeof place, "%s/%lu", synced_folder, (unsigned long)found.st_ino);
    syscall(SYS_unlinkat, AT_FDCWD, place, 0);
    errno = kept;
}

static int synced(int fd, long number)
{
    char space[PATH_MAX];
    enum act what = below ? decide("fsync", of_descriptor(fd, space), NULL) : NOTHING;
    int result;
    if (what == FAIL)
        return -1;
    result = (int)syscall(number, fd);
    if (!result)
        keep(fd);
    return (int)ended(what, result);
}

int fsync(int fd)
{
    return synced(fd, SYS_fsync);
}

int fdatasync(int fd)
{
    return synced(fd, SYS_fdatasync);
}

int ftruncate64(int fd, off64_t length)
{
    char space[PATH_MAX];
    enum act what = below ? decide("truncate", of_descriptor(fd, space), NULL) : NOTHING;
    return what == FAIL ? -1 : (int)ended(what, syscall(SYS_ftruncate, fd, length));
}

int ftruncate(int fd, off_t length)
{
    return ftruncate64(fd, length);
}

int renameat2(int from, const char *old, int to, const char *new, unsigned flags)
{
    char one[PATH_MAX], two[PATH_MAX];
    enum act what = below ? decide("rename", absolute(from, old, one), absolute(to, new, two)) : NOTHING;
    return what == FAIL ? -1 : (int)ended(what, syscall(SYS_renameat2, from, old, to, new, flags));
}

int renameat(int from, const char *old, int to, const char *new)
{
    return renameat2(from, old, to, new, 0);
}

int rename(const char *old, const char *new)
{
    return renameat2(AT_FDCWD, old, AT_FDCWD, new, 0);
}

int unlinkat(int folder, const char *path, int flags)
{
    char space[PATH_MAX];
    enum act what = below ? decide("unlink", absolute(folder, path, space), NULL) : NOTHING;
    return what == FAIL ? -1 : (int)ended(what, syscall(SYS_unlinkat, folder, path, flags));
}

int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}

static int opened(int folder, const char *path, int flags, mode_t mode)
{
    char space[PATH_MAX];
    int makes = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;
    enum act what = below && makes ? decide("open", absolute(folder, path, space), NULL) : NOTHING;
    int fd;
    if (what == FAIL)
        return -1;
    fd = (int)syscall(SYS_openat, folder, path, flags, mode);
    if (makes)
        forget(fd);
    return (int)ended(what, fd);
}

#define MODE_OF(flags, mode)                                             \
    mode_t mode = 0;                                                     \
    if (((flags) & O_CREAT) || ((flags) & O_TMPFILE) == O_TMPFILE) {     \
        va_list rest;                                                    \
        va_start(rest, flags);                                           \
        mode = va_arg(rest, mode_t);                                     \
        va_end(rest);                                                    \
    }

int open(const char *path, int flags, ...)
{
    MODE_OF(flags, mode)
    return opened(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    MODE_OF(flags, mode)
    return opened(AT_FDCWD, path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...)
{
    MODE_OF(flags, mode)
    return opened(folder, path, flags, mode);
}

int openat64(int folder, const char *path, int flags, ...)
{
    MODE_OF(flags, mode)
    return opened(folder, path, flags, mode);
}
