/* Preloaded into a process under torture (see _shim.py): counts the calls that change files below one folder and, at
   the n-th, kills the process or lets the call fail; or writes each of them down in a journal. Linux with glibc. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { COUNT, KILL, TORN, FULL, BROKEN };

static char folder[PATH_MAX];
static long calls, nth;
static int action, journal = -1, disk_is_full;

/* From now on calls below `path` count; at the `at`-th of them `what` happens. `log` is a journal's descriptor or -1. */
void fault_arm(const char *path, int what, long at, int log) {
    snprintf(folder, sizeof folder, "%s/", path);
    action = what, nth = at, calls = 0, journal = log, disk_is_full = 0;
}

long fault_calls(void) { return calls; }

static void put(const char *bytes, size_t length) {
    while (length) {
        long done = syscall(SYS_write, journal, bytes, length);
        if (done <= 0) return;
        bytes += done, length -= done;
    }
}

/* One entry: kind, path, other path, offset and length in a line, then that many bytes. */
static void note(char kind, const char *path, const char *other, long offset, const void *bytes, size_t length) {
    char head[2 * PATH_MAX + 64];
    if (journal < 0) return;
    int size = snprintf(head, sizeof head, "%c\t%s\t%s\t%ld\t%zu\n", kind, path, other, offset, length);
    put(head, size);
    if (length && bytes) put(bytes, length);
}

/* What the process under torture says of itself, in step with its calls. */
void fault_mark(const char *text) { note('M', text, "", 0, 0, 0); }

/* The folder itself counts too: it may be synced. */
static int below(const char *path) {
    size_t length = strlen(folder);
    return length && (!strncmp(path, folder, length) || (strlen(path) == length - 1 && !strncmp(path, folder, length - 1)));
}

static int whole(int at, const char *path, char *out) {
    char base[PATH_MAX] = "", name[64];
    if (!folder[0]) return 0;
    if (path && path[0] == '/') {
        snprintf(out, PATH_MAX, "%s", path);
        return below(out);
    }
    if (at == AT_FDCWD)
        snprintf(name, sizeof name, "/proc/self/cwd");
    else
        snprintf(name, sizeof name, "/proc/self/fd/%d", at);
    long size = syscall(SYS_readlinkat, AT_FDCWD, name, base, sizeof base - 1);
    if (size < 0) return 0;
    base[size] = 0;
    if (path)
        (void)!snprintf(out, PATH_MAX, "%.2000s/%.2000s", base, path);
    else
        snprintf(out, PATH_MAX, "%s", base);
    return below(out);
}

/* 0: the call goes on; otherwise the error that it fails with. `takes_room` calls fail for ever on a full disk. */
static int met(int takes_room) {
    calls++;
    if (disk_is_full && takes_room) return ENOSPC;
    if (calls != nth) return 0;
    if (action == KILL) syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
    if (action == FULL) return disk_is_full = 1, ENOSPC;
    return action == BROKEN ? EIO : 0;
}

static long fail(int error) { return errno = error, -1; }

/* The last write before a death or on a full disk gets half of its bytes down. */
static long written(int fd, const void *bytes, size_t length, off_t offset) {
    char path[PATH_MAX];
    int seeks = offset < 0;
    if (!whole(fd, 0, path)) goto real;
    if (seeks) {
        struct stat now;
        int flags = fcntl(fd, F_GETFL);
        offset = lseek(fd, 0, SEEK_CUR);
        if (flags & O_APPEND && !fstat(fd, &now)) offset = now.st_size;
    }
    int error = met(1), last = calls == nth && (action == TORN || action == FULL);
    if (error && !last) return fail(error);
    if (last) {
        long half = syscall(SYS_pwrite64, fd, bytes, length / 2, offset);
        if (action == TORN) syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
        if (seeks && half > 0) lseek(fd, offset + half, SEEK_SET);
        return half > 0 ? half : fail(error);
    }
    note('W', path, "", offset, bytes, length);
real:
    return seeks ? syscall(SYS_write, fd, bytes, length) : syscall(SYS_pwrite64, fd, bytes, length, offset);
}

ssize_t write(int fd, const void *bytes, size_t length) { return written(fd, bytes, length, -1); }
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) { return written(fd, bytes, length, at); }
ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) { return written(fd, bytes, length, at); }

static int synced(int fd, long call) {
    char path[PATH_MAX];
    if (whole(fd, 0, path)) {
        int error = met(0);
        if (error) return fail(error);
        note('S', path, "", 0, 0, 0);
    }
    return syscall(call, fd);
}

int fsync(int fd) { return synced(fd, SYS_fsync); }
int fdatasync(int fd) { return synced(fd, SYS_fdatasync); }

static int cut(int fd, off_t length) {
    char path[PATH_MAX];
    if (whole(fd, 0, path)) {
        int error = met(0);
        if (error) return fail(error);
        note('T', path, "", length, 0, 0);
    }
    return syscall(SYS_ftruncate, fd, length);
}

int ftruncate(int fd, off_t length) { return cut(fd, length); }
int ftruncate64(int fd, off64_t length) { return cut(fd, length); }

static int moved(int from_at, const char *from, int to_at, const char *to) {
    char source[PATH_MAX], target[PATH_MAX];
    int ours = whole(from_at, from, source);
    if (whole(to_at, to, target) || ours) {
        int error = met(0);
        if (error) return fail(error);
        note('R', source, target, 0, 0, 0);
    }
    return syscall(SYS_renameat2, from_at, from, to_at, to, 0);
}

int rename(const char *from, const char *to) { return moved(AT_FDCWD, from, AT_FDCWD, to); }
int renameat(int from_at, const char *from, int to_at, const char *to) { return moved(from_at, from, to_at, to); }

static int removed(int at, const char *path, int flags) {
    char name[PATH_MAX];
    if (whole(at, path, name) && !faccessat(at, path, F_OK, AT_SYMLINK_NOFOLLOW)) {
        int error = met(0);
        if (error) return fail(error);
        note('U', name, "", 0, 0, 0);
    }
    return syscall(SYS_unlinkat, at, path, flags);
}

int unlink(const char *path) { return removed(AT_FDCWD, path, 0); }
int unlinkat(int at, const char *path, int flags) { return removed(at, path, flags); }
int rmdir(const char *path) { return removed(AT_FDCWD, path, AT_REMOVEDIR); }

static int folder_made(int at, const char *path, mode_t mode) {
    char name[PATH_MAX];
    if (whole(at, path, name) && faccessat(at, path, F_OK, AT_SYMLINK_NOFOLLOW)) {
        int error = met(1);
        if (error) return fail(error);
        note('D', name, "", 0, 0, 0);
    }
    return syscall(SYS_mkdirat, at, path, mode);
}

int mkdir(const char *path, mode_t mode) { return folder_made(AT_FDCWD, path, mode); }
int mkdirat(int at, const char *path, mode_t mode) { return folder_made(at, path, mode); }

static int opened(int at, const char *path, int flags, mode_t mode) {
    char name[PATH_MAX];
    if (flags & O_CREAT && whole(at, path, name) && faccessat(at, path, F_OK, AT_SYMLINK_NOFOLLOW)) {
        int error = met(1);
        if (error) return fail(error);
        note('C', name, "", 0, 0, 0);
    } else if (flags & O_TRUNC && whole(at, path, name)) {
        int error = met(0);
        if (error) return fail(error);
        note('T', name, "", 0, 0, 0);
    }
    return syscall(SYS_openat, at, path, flags, mode);
}

#define MODE(last)                                                                                                    \
    mode_t mode = 0;                                                                                                  \
    if (flags & (O_CREAT | __O_TMPFILE)) {                                                                            \
        va_list rest;                                                                                                 \
        va_start(rest, last);                                                                                         \
        mode = va_arg(rest, mode_t);                                                                                  \
        va_end(rest);                                                                                                 \
    }

int open(const char *path, int flags, ...) { MODE(flags) return opened(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags) return opened(AT_FDCWD, path, flags, mode); }
int openat(int at, const char *path, int flags, ...) { MODE(flags) return opened(at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE(flags) return opened(at, path, flags, mode); }
