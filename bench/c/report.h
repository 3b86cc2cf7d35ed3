/* report.h: one line per measurement, as a table on stdout and kept for the JSON file (json.h). */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include "timing.h"

#include <stdio.h>
#include <string.h>

static struct {
    double seconds;                /* of a line */
    const char *only, *json;       /* text that names must contain; where to write; NULL: none */
    int huge;                      /* 1: 10^7 rows, too */
} options = {.seconds = 0.03};

typedef struct line {
    char what[64];
    int dtype, isa, threads;
    size_t size;   /* width, rows or whatever the case varies; 0: nothing */
    double rows;   /* rows or elements of a call; 0: not shown */
    double work;   /* operations or bytes of a call; 0: not shown */
    double peak;   /* what this processor does of them in a second, measured; 0: not shown */
    double plain;  /* seconds of the plain reference; 0: not shown */
    double floor;  /* seconds; 0: not shown */
    char note[80]; /* a comparison with other lines */
    timing time;
} line;

enum { MOST_LINES = 1000 };
static line lines[MOST_LINES];
static size_t n_lines;
static struct {
    const char *title, *rate;
} head; /* of the lines to come; title NULL: printed */

/* rate: the unit of `work` per nanosecond. */
static void begin_section(const char *title, const char *rate) { head.title = title, head.rate = rate; }

static void name_of(const line *l, size_t room, char *name)
{
    snprintf(name, room, "%.63s %s %s %d thread%s", l->what, l->dtype == HBCD_F32 ? "float" : "double",
             hbcd_isa_name(l->isa), l->threads, l->threads > 1 ? "s" : "");
}

/* Whether --only leaves this line in; ask before the work. */
static int wanted(const line *l)
{
    char name[128];
    name_of(l, sizeof name, name);
    return options.only == NULL || strstr(name, options.only) != NULL;
}

static void print_number(double number, int width, int digits, const char *unit)
{
    if (number > 0) printf(" %*.*f%s", width, digits, number, unit);
    else printf(" %*s", width + (int)strlen(unit), "");
}

/* Keeps a line; names are what two files are compared by. */
static void keep(const line *l)
{
    char name[128], other[128];
    name_of(l, sizeof name, name);
    for (size_t k = 0; k < n_lines; k++) {
        name_of(&lines[k], sizeof other, other);
        if (strcmp(name, other) != 0 && n_lines < MOST_LINES) continue;
        fprintf(stderr, "bench: %s: twice, or more than %d lines\n", name, MOST_LINES);
        exit(1);
    }
    lines[n_lines++] = *l;
}

static void report(const line *l)
{
    if (head.title) {
        printf("\n%-44s %-6s %-8s %3s %12s %7s %9s %8s %6s %8s\n", head.title, "type", "simd", "thr", "microseconds",
               "+-", "ns/row", head.rate, "share", "x plain");
        head.title = NULL;
    }
    const double time = l->time.median;
    printf("%-44s %-6s %-8s %3d %12.3f %6.1f%%", l->what, l->dtype == HBCD_F32 ? "float" : "double",
           hbcd_isa_name(l->isa), l->threads, 1e6 * time, 100 * l->time.spread);
    print_number(l->rows > 0 ? 1e9 * time / l->rows : 0, 9, 3, "");
    print_number(1e-9 * l->work / time, 8, 2, "");
    print_number(l->peak > 0 ? 100 * l->work / time / l->peak : 0, 5, 0, "%");
    print_number(l->plain / time, 8, 1, "");
    if (l->floor > 0) printf("  %.2f x floor", time / l->floor);
    printf("%s%s\n", l->note[0] ? "  " : "", l->note);
    fflush(stdout);
    keep(l);
}

/* Measures and reports a line that is wanted. */
static void measure(line *l, void (*call)(void *self), void *self)
{
    if (!wanted(l)) return;
    l->time = time_of(options.seconds, call, self);
    report(l);
}

#endif
