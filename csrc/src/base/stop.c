/* stop.c: every stopping test, once, and the only reader of the clock. */
#if !defined(_WIN32) && !defined(_POSIX_C_SOURCE)
#define _POSIX_C_SOURCE 199309L /* clock_gettime */
#endif

#include "hbcd.h"

#include <math.h>

#ifdef _WIN32
#include <windows.h>

double hbcd_clock(void)
{
    LARGE_INTEGER ticks, per_second;
    QueryPerformanceCounter(&ticks);
    QueryPerformanceFrequency(&per_second);
    return (double)ticks.QuadPart / (double)per_second.QuadPart;
}
#else
#include <time.h>

double hbcd_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}
#endif

void hbcd_watch_start(hbcd_watch *watch, double max_seconds)
{
    double now = hbcd_clock();
    *watch = (hbcd_watch){.interval = 0.05, .deadline = now + max_seconds, .started = now, .polled = now,
                           .patience = 10};
    watch->progress.block = -1;
    watch->progress.loss = watch->progress.best = NAN;
}

int hbcd_watch_tick(hbcd_watch *watch)
{
    if (!watch || (watch->ranks && (watch->ranks->rank > 0 || watch->kept))) return HBCD_OK;
    double now = hbcd_clock();
    watch->progress.seconds = now - watch->started;
    if (now >= watch->deadline) return hbcd_watch_keep(watch, HBCD_STOP_TIME);
    if (!watch->poll || now - watch->polled < watch->interval) return HBCD_OK;
    watch->polled = now;
    return hbcd_watch_keep(watch, watch->poll(watch->self, &watch->progress));
}

int hbcd_watch_keep(hbcd_watch *watch, int status)
{
    if (!watch || !watch->ranks) return status;
    if (watch->kept == 0) watch->kept = status;
    return HBCD_OK;
}

void hbcd_stop_default(hbcd_stop *stop)
{
    *stop = (hbcd_stop){.pg_tol = 1e-5, .f_tol = 1e-9, .target = -INFINITY, .max_iterations = SIZE_MAX,
                        .max_evaluations = SIZE_MAX};
}

void hbcd_report_start(hbcd_report *report)
{
    *report = (hbcd_report){.f = NAN, .f_start = NAN, .pg = NAN};
}

/* The tests of a point by itself.  A search without gradients (pg = NaN) may begin where f is infinite. */
static int test_point(const hbcd_stop *stop, hbcd_report *report, double f, double pg)
{
    if (!isnan(pg)) report->pg = pg;
    if (isinf(f) && !isnan(pg)) return HBCD_STOP_NOT_FINITE;
    if (f <= stop->target) return HBCD_STOP_TARGET;
    if (pg <= stop->pg_tol) return HBCD_STOP_GRADIENT;
    return HBCD_OK;
}

static int test_limits(const hbcd_stop *stop, const hbcd_report *report)
{
    if (report->n_iterations >= stop->max_iterations) return HBCD_STOP_ITERATIONS;
    if (report->n_evaluations >= stop->max_evaluations) return HBCD_STOP_EVALUATIONS;
    return HBCD_OK;
}

int hbcd_stop_start(const hbcd_stop *stop, hbcd_report *report, double f, double pg)
{
    report->f = report->f_start = f;
    int status = test_point(stop, report, f, pg);
    return status ? status : test_limits(stop, report);
}

int hbcd_stop_test(const hbcd_stop *stop, hbcd_report *report, double f_old, double f_new, double pg, size_t n,
                   const void *x)
{
    hbcd_watch *watch = stop->watch;
    report->n_iterations++;
    int status = watch && watch->iteration ? watch->iteration(watch->self, n, x, f_new) : HBCD_OK;
    if (status) return status;
    status = test_point(stop, report, f_new, pg);
    if (status) return status;
    double scale = fmax(fmax(fabs(f_old), fabs(f_new)), 1.0);
    if (stop->f_tol >= 0.0 && (f_old - f_new) / scale <= stop->f_tol) return HBCD_STOP_DECREASE;
    status = test_limits(stop, report);
    return status ? status : hbcd_watch_tick(watch);
}
