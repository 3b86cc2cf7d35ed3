/* faults_forks.c: beside faults.c: each allocation of one run fails in a child of its own, forked at that moment.
 *
 * faults_forks(first, step, folder, log): the allocations first, first + step, ... of this thread from now on fail, each in
 *   a child, which goes on from there and has to end itself; the parent waits for it and goes on as if nothing were.
 *   What the child did to files below `folder` is undone: what it deleted, replaced, made, read or appended.  Temporary
 *   files must be there, too.  Lines of `log`: "K -1" for an allocation that was not tried, since a process or a
 *   pipe was there that the child would disturb; "K STATUS" for a child that did not end with 0 (the status of waitpid), whose standard
 *   error is in `log`.K then. */
#define _GNU_SOURCE
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_KEPT = 64, MOST_OPEN = 256, LONGEST = 120 /* seconds of a child */ };

struct kept {
    char path[PATH_MAX];
    struct stat was;
};

struct opened {
    off_t at, size; /* of a regular file; -1: none */
};

static char folder[PATH_MAX], store[PATH_MAX], log_path[PATH_MAX];
static long first, step; /* step 0: off */
static struct kept kept[MOST_KEPT];
static struct opened opened[MOST_OPEN];
static int n_kept, pipes; /* how many descriptors were no files at first */

static int count_pipes(void);

void faults_forks(long from, long by, const char *below, const char *to)
{
    snprintf(folder, sizeof folder, "%s", below);
    snprintf(store, sizeof store, "%s.kept", below);
    snprintf(log_path, sizeof log_path, "%s", to);
    mkdir(store, 0700);
    void *at[1];
    backtrace(at, 1); /* loads what it needs */
    pipes = count_pipes();
    first = from, step = by;
}

/* Where the standard error of child k goes; 0: of the child that runs. */
static void error_path(char *path, long k)
{
    if (snprintf(path, PATH_MAX, "%s.%ld", log_path, k) >= PATH_MAX) abort();
}

static struct sigaction former;

/* The libraries that a child ended in; then it ends as it would have, at the same place. */
static void say_where(int signal)
{
    void *at[32];
    backtrace_symbols_fd(at, backtrace(at, 32), STDERR_FILENO);
    sigaction(signal, &former, NULL);
}

static void hear(void)
{
    char path[PATH_MAX];
    error_path(path, 0);
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || dup2(fd, STDERR_FILENO) < 0 || close(fd)) abort();
    struct sigaction own = {.sa_handler = say_where};
    if (sigaction(SIGSEGV, &own, &former)) abort();
}

static void say(long k, int status)
{
    const int fd = open(log_path, O_WRONLY | O_APPEND | O_CREAT, 0600);
    if (fd < 0 || dprintf(fd, "%ld %d\n", k, status) < 0) abort();
    close(fd);
}

/* ---- files as they were ---------------------------------------------------------------------------------------- */

static void store_path(char *path, int i)
{
    if (snprintf(path, PATH_MAX, "%s/%d", store, i) >= PATH_MAX) abort();
}

static int keep(const char *path, const struct stat *now, int type, struct FTW *depth)
{
    char link_path[PATH_MAX];
    (void)type, (void)depth;
    if (n_kept == MOST_KEPT) abort();
    snprintf(kept[n_kept].path, PATH_MAX, "%s", path);
    kept[n_kept].was = *now;
    store_path(link_path, n_kept++);
    if (!S_ISDIR(now->st_mode) && linkat(AT_FDCWD, path, AT_FDCWD, link_path, 0)) abort();
    return 0;
}

static int drop(const char *path, const struct stat *now, int type, struct FTW *depth)
{
    (void)now, (void)type, (void)depth;
    for (int i = 0; i < n_kept; i++)
        if (strcmp(kept[i].path, path) == 0) return 0;
    return remove(path);
}

/* Pipes and the like: what goes through them cannot be undone. */
static int count_pipes(void)
{
    int found = 0;
    for (int fd = 0; fd < MOST_OPEN; fd++) {
        struct stat now;
        found += fstat(fd, &now) == 0 && (S_ISFIFO(now.st_mode) || S_ISSOCK(now.st_mode));
    }
    return found;
}

static void remember(void)
{
    n_kept = 0;
    if (nftw(folder, keep, 16, FTW_PHYS)) abort();
    for (int fd = 0; fd < MOST_OPEN; fd++) {
        struct stat now;
        const int file = fstat(fd, &now) == 0 && S_ISREG(now.st_mode);
        opened[fd] = file ? (struct opened){lseek(fd, 0, SEEK_CUR), now.st_size} : (struct opened){-1, -1};
    }
}

static void restore(void)
{
    for (int i = 0; i < n_kept; i++) {
        char link_path[PATH_MAX];
        struct stat now;
        const int there = lstat(kept[i].path, &now) == 0;
        store_path(link_path, i);
        if (S_ISDIR(kept[i].was.st_mode)) {
            if (!there && mkdir(kept[i].path, kept[i].was.st_mode & 07777)) abort();
            continue;
        }
        if (there && now.st_ino != kept[i].was.st_ino && unlink(kept[i].path)) abort();
        if ((!there || now.st_ino != kept[i].was.st_ino) && link(link_path, kept[i].path)) abort();
        if (unlink(link_path)) abort();
    }
    if (nftw(folder, drop, 16, FTW_PHYS | FTW_DEPTH)) abort();
    for (int fd = 0; fd < MOST_OPEN; fd++) {
        struct stat now;
        if (opened[fd].size < 0 || fstat(fd, &now)) continue;
        if (now.st_size > opened[fd].size && ftruncate(fd, opened[fd].size)) abort();
        lseek(fd, opened[fd].at, SEEK_SET);
    }
}

/* ---- memory of children ---------------------------------------------------------------------------------------- */

/* A child frees nothing and takes from new pages alone: it touches nothing of the heap, of which it would have to copy
 * what it touches. */
int faults_apart;
static char *next, *end;

static void apart(void)
{
    const size_t all = (size_t)1 << 38;
    next = mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (next == MAP_FAILED) abort();
    end = next + all;
    faults_apart = 1;
}

/* `size` zeros; before them stands how many. */
void *faults_new(size_t align, size_t size)
{
    const size_t head = align < 16 ? 16 : align;
    if (size > (size_t)(end - next) / 2) return NULL;
    char *at = (char *)(((size_t)next + sizeof size + head - 1) / head * head);
    memcpy(at - sizeof size, &size, sizeof size);
    next = at + size;
    return at;
}

void *faults_more(void *at, size_t size)
{
    size_t had = 0;
    void *made = faults_new(16, size);
    if (!made || !at) return made;
    if ((char *)at < end && (char *)at >= end - ((size_t)1 << 38))
        memcpy(&had, (char *)at - sizeof had, sizeof had);
    else
        had = malloc_usable_size(at);
    memcpy(made, at, had < size ? had : size);
    return made;
}

/* ---- children -------------------------------------------------------------------------------------------------- */

static int children(void)
{
    siginfo_t one;
    return waitid(P_ALL, 0, &one, WEXITED | WNOHANG | WNOWAIT) == 0;
}

int faults_forking(void) { return step != 0; }

/* 1 in a child whose allocation k is to fail, 0 in the parent. */
int faults_fork(long k)
{
    const int error = errno;
    int status;
    if (k < first || (k - first) % step) return 0;
    if (children() || count_pipes() > pipes) {
        say(k, -1);
        return 0;
    }
    remember();
    const pid_t child = fork();
    if (child < 0) abort();
    if (child == 0) {
        step = 0;
        hear();
        apart();
        alarm(LONGEST);
        return 1;
    }
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) abort();
    restore();
    if (status) {
        char from[PATH_MAX], to[PATH_MAX];
        error_path(from, 0), error_path(to, k);
        if (rename(from, to)) abort();
        say(k, status);
    }
    errno = error;
    return 0;
}

void faults_forks_end(void) { step = 0; }
