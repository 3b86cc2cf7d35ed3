/* check.h: the smallest test harness that counts, names the failure and goes on. */
#ifndef CHECK_H
#define CHECK_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int checks_passed, checks_failed;

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (condition) checks_passed++;                                                                                \
        else {                                                                                                         \
            checks_failed++;                                                                                           \
            fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, #condition);                                    \
        }                                                                                                              \
    } while (0)

/* |a - b| <= tol * max(1, |b|); says both values. */
#define CHECK_NEAR(a, b, tol)                                                                                          \
    do {                                                                                                               \
        double a_ = (a), b_ = (b);                                                                                     \
        if (fabs(a_ - b_) <= (tol) * fmax(1.0, fabs(b_))) checks_passed++;                                             \
        else {                                                                                                         \
            checks_failed++;                                                                                           \
            fprintf(stderr, "%s:%d: failed: %s = %.17g, expected %.17g\n", __FILE__, __LINE__, #a, a_, b_);            \
        }                                                                                                              \
    } while (0)

#define CHECK_DONE(name)                                                                                               \
    do {                                                                                                               \
        printf("%s: %d passed, %d failed\n", name, checks_passed, checks_failed);                                      \
        return checks_failed != 0;                                                                                     \
    } while (0)

#endif
