/* timing.h: the median time of a call. */
#ifndef BENCH_TIMING_H
#define BENCH_TIMING_H

#include "hbcd.h"

#include <stdlib.h>

typedef struct timing {
    double median, spread; /* seconds; half the distance of the quartiles, relative to the median */
} timing;

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Median and quartiles of samples in any order; sorts them. */
static timing timing_of(size_t n, double *sample)
{
    qsort(sample, n, sizeof *sample, ascending);
    double median = sample[n / 2];
    return (timing){median, 0.5 * (sample[3 * n / 4] - sample[n / 4]) / median};
}

/* Samples of at least 100 microseconds each, five of them or as many as fit into `seconds`. */
static timing time_of(double seconds, void (*call)(void *self), void *self)
{
    enum { MOST_SAMPLES = 1000 };
    static double sample[MOST_SAMPLES];
    double began = hbcd_clock();
    size_t calls = 0, n = 0;
    do call(self), calls++;
    while (hbcd_clock() - began < 1e-4 * (calls < 3 ? 1 : 2)); /* warms up, too */
    double end = hbcd_clock() + seconds;
    while (n < MOST_SAMPLES && (n < 5 || hbcd_clock() < end)) {
        began = hbcd_clock();
        for (size_t k = 0; k < calls; k++) call(self);
        sample[n++] = (hbcd_clock() - began) / (double)calls;
    }
    return timing_of(n, sample);
}

#endif
