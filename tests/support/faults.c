/* faults.c: a library for LD_PRELOAD (glibc) that makes calls of the C library fail, for tests of what follows.
 *
 * faults_memory(k): the k-th allocation of this thread from now on fails, once; 0: none, they are counted only.
 * faults_files(folder, kind, k): from now on calls on files below `folder` are counted, and the k-th goes wrong as `kind`
 *   says; 0: none.
 * faults_clock(1): from now on every look at the wall clock finds it years from where it was; (2): the monotonic clock
 *   stands still; (0): both go on.
 * faults_end(): all is as it was; how many calls were counted.  faults_hit(): whether one was made to fail; of an
 *   allocation its number.
 * faults_bytes(): what is allocated in the process. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum fault { FULL = 1, SHORT, READ_ONLY, INTERRUPTED, BROKEN };
enum call { OPEN, CREATE, READ, WRITE, SYNC, CLOSE, NAME };
enum { MOST_FILES = 4096 };

static __thread long memory_left; /* > 0: that one fails */
static __thread int memory_armed;
static __thread long memory_seen, memory_hit;

static char folder[PATH_MAX];
static int files_armed, files_hit, kind;
static long files_seen, files_at;
static unsigned char watched[MOST_FILES]; /* of each descriptor */
static int clocks;
enum { JUMPS = 1, STANDS = 2 };

/* Of faults_forks.c: */
extern int faults_apart, faults_forking(void), faults_fork(long);
extern void faults_forks_end(void), *faults_new(size_t, size_t), *faults_more(void *, size_t);

void faults_memory(long k)
{
    memory_left = k, memory_seen = 0, memory_hit = 0, memory_armed = 1;
}

void faults_files(const char *below, int how, long k)
{
    snprintf(folder, sizeof folder, "%s", below);
    kind = how, files_at = k, files_seen = 0, files_hit = 0, files_armed = 1;
}

void faults_clock(int how) { clocks = how; }

long faults_end(void)
{
    long seen = memory_armed ? memory_seen : files_seen;
    memory_armed = files_armed = 0;
    faults_forks_end();
    return seen;
}

long faults_hit(void) { return memory_hit ? memory_hit : files_hit; }

size_t faults_bytes(void)
{
    const struct mallinfo2 now = mallinfo2();
    return now.uordblks + now.hblkhd;
}

/* ---- memory ---------------------------------------------------------------------------------------------------- */

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t), __libc_free(void *);

static int fails(void)
{
    if (!memory_armed) return 0;
    int now = ++memory_seen == memory_left;
    if (faults_forking()) {
        memory_armed = 0;
        now = faults_fork(memory_seen);
        memory_armed = 1;
    }
    if (!now) return 0;
    memory_hit = memory_seen;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size)
{
    if (fails()) return NULL;
    return faults_apart ? faults_new(16, size) : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    if (fails()) return NULL;
    if (!faults_apart) return __libc_calloc(n, size);
    if (size && n > SIZE_MAX / size) return NULL;
    return faults_new(16, n * size); /* zeros: new pages */
}

void *realloc(void *at, size_t size)
{
    if (fails()) return NULL;
    return faults_apart ? faults_more(at, size) : __libc_realloc(at, size);
}

void *memalign(size_t align, size_t size)
{
    if (fails()) return NULL;
    return faults_apart ? faults_new(align, size) : __libc_memalign(align, size);
}

void *aligned_alloc(size_t align, size_t size) { return memalign(align, size); }

int posix_memalign(void **at, size_t align, size_t size)
{
    void *found = memalign(align, size);
    if (found) *at = found;
    return found ? 0 : ENOMEM;
}

void free(void *at)
{
    if (!faults_apart) __libc_free(at);
}

/* ---- files ----------------------------------------------------------------------------------------------------- */

#define REAL(name, type, ...)                                                                                          \
    static type (*real)(__VA_ARGS__);                                                                                  \
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, name)

static int below(const char *path)
{
    const size_t n = strlen(folder);
    char whole[2 * PATH_MAX];
    if (!files_armed || !path) return 0;
    if (path[0] != '/') {
        char here[PATH_MAX];
        if (!getcwd(here, sizeof here)) return 0;
        snprintf(whole, sizeof whole, "%s/%s", here, path);
        path = whole;
    }
    return strncmp(path, folder, n) == 0 && (path[n] == '/' || path[n] == 0);
}

static int is_watched(int fd) { return files_armed && fd >= 0 && fd < MOST_FILES && watched[fd]; }

static int error_of(int call, long seen)
{
    const int changes = call == CREATE || call == WRITE || call == NAME;
    switch (kind) {
    case FULL: return seen >= files_at && (call == CREATE || call == WRITE || call == SYNC) ? ENOSPC : 0;
    case READ_ONLY: return seen >= files_at && changes ? EROFS : 0;
    case INTERRUPTED: return seen == files_at && call != NAME ? EINTR : 0;
    case BROKEN: return seen == files_at ? EIO : 0;
    default: return 0;
    }
}

/* Counts the call; its error, or 0. */
static int goes_wrong(int call)
{
    long seen = ++files_seen;
    if (files_at == 0) return 0;
    int error = error_of(call, seen);
    if (error) files_hit = 1, errno = error;
    return error;
}

/* How many of n bytes move: half of them where disks give or take too little at once, else all. */
static size_t part(size_t n)
{
    if (kind != SHORT || files_at == 0 || files_seen < files_at || n < 2) return n;
    files_hit = 1;
    return n / 2;
}

static int opened(int fd)
{
    if (fd >= 0 && fd < MOST_FILES) watched[fd] = 1;
    return fd;
}

#define OPENED(name)                                                                                                   \
    int name(const char *path, int flags, ...)                                                                         \
    {                                                                                                                  \
        REAL(#name, int, const char *, int, ...);                                                                      \
        va_list more;                                                                                                  \
        va_start(more, flags);                                                                                         \
        const mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(more, mode_t) : 0;                                \
        va_end(more);                                                                                                  \
        if (!below(path)) return real(path, flags, mode);                                                              \
        const int makes = (flags & O_ACCMODE) != O_RDONLY || flags & (O_CREAT | O_TRUNC);                              \
        return goes_wrong(makes ? CREATE : OPEN) ? -1 : opened(real(path, flags, mode));                               \
    }
OPENED(open)
OPENED(open64)

ssize_t write(int fd, const void *at, size_t n)
{
    REAL("write", ssize_t, int, const void *, size_t);
    if (!is_watched(fd)) return real(fd, at, n);
    return goes_wrong(WRITE) ? -1 : real(fd, at, part(n));
}

ssize_t read(int fd, void *at, size_t n)
{
    REAL("read", ssize_t, int, void *, size_t);
    if (!is_watched(fd)) return real(fd, at, n);
    return goes_wrong(READ) ? -1 : real(fd, at, part(n));
}

static ssize_t read_vectors(ssize_t (*real)(int, const struct iovec *, int, off_t), int fd, const struct iovec *to,
                            int n, off_t at)
{
    if (!is_watched(fd)) return real(fd, to, n, at);
    if (goes_wrong(READ)) return -1;
    struct iovec first = {to->iov_base, part(to->iov_len)};
    return first.iov_len == to->iov_len ? real(fd, to, n, at) : real(fd, &first, 1, at);
}

ssize_t preadv(int fd, const struct iovec *to, int n, off_t at)
{
    REAL("preadv", ssize_t, int, const struct iovec *, int, off_t);
    return read_vectors(real, fd, to, n, at);
}

ssize_t preadv64v2(int fd, const struct iovec *to, int n, off_t at, int flags)
{
    (void)flags;
    return preadv(fd, to, n, at);
}

ssize_t preadv2(int fd, const struct iovec *to, int n, off_t at, int flags)
{
    (void)flags;
    return preadv(fd, to, n, at);
}

int fsync(int fd)
{
    REAL("fsync", int, int);
    return is_watched(fd) && goes_wrong(SYNC) ? -1 : real(fd);
}

int close(int fd)
{
    REAL("close", int, int);
    if (!is_watched(fd)) return real(fd);
    const int error = goes_wrong(CLOSE), status = real(fd); /* it is closed whatever it says */
    watched[fd] = 0;
    if (error) errno = error;
    return error ? -1 : status;
}

int dup(int fd)
{
    REAL("dup", int, int);
    int made = real(fd);
    if (made >= 0 && made < MOST_FILES && fd >= 0 && fd < MOST_FILES) watched[made] = watched[fd];
    return made;
}

int fcntl64(int fd, int command, ...)
{
    REAL("fcntl64", int, int, int, ...);
    va_list more;
    va_start(more, command);
    void *argument = va_arg(more, void *);
    va_end(more);
    int made = real(fd, command, argument);
    const int copies = command == F_DUPFD || command == F_DUPFD_CLOEXEC;
    if (copies && made >= 0 && made < MOST_FILES && fd >= 0 && fd < MOST_FILES) watched[made] = watched[fd];
    return made;
}

int rename(const char *from, const char *to)
{
    REAL("rename", int, const char *, const char *);
    return (below(from) || below(to)) && goes_wrong(NAME) ? -1 : real(from, to);
}

int unlink(const char *path)
{
    REAL("unlink", int, const char *);
    return below(path) && goes_wrong(NAME) ? -1 : real(path);
}

int mkdir(const char *path, mode_t mode)
{
    REAL("mkdir", int, const char *, mode_t);
    return below(path) && goes_wrong(CREATE) ? -1 : real(path, mode);
}

/* ---- clocks ---------------------------------------------------------------------------------------------------- */

static long years(void)
{
    static long looks;
    looks++;
    return (looks % 2 ? 1 : -1) * (1 + looks % 7) * 31556952L;
}

int clock_gettime(clockid_t which, struct timespec *now)
{
    REAL("clock_gettime", int, clockid_t, struct timespec *);
    int status = real(which, now);
    if (clocks == JUMPS && which == CLOCK_REALTIME) now->tv_sec += years();
    if (clocks == STANDS && which == CLOCK_MONOTONIC) *now = (struct timespec){1000, 0};
    return status;
}

time_t time(time_t *at)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at) *at = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    REAL("gettimeofday", int, struct timeval *, void *);
    int status = real(now, zone);
    if (clocks == JUMPS) now->tv_sec += years();
    return status;
}
