/* hbcd_watch.h: what watches a run and what ends it.  Part of hbcd.h. */
#ifndef HBCD_WATCH_H
#define HBCD_WATCH_H

#include "hbcd_ranks.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- stopping and watching (stop.c): the only reader of the clock ----------------------------- */

typedef struct hbcd_progress {
    size_t phase, epoch, step; /* step counts block visits (or optimizer calls) over the whole run */
    size_t n_evaluations, n_iterations;
    int block;                 /* -1: all parameters at once */
    double loss, best;         /* value on the present batch; best value measured so far */
    double seconds;            /* since the run began */
} hbcd_progress;

/* One line of the history: a block visit (block >= 0 or -1), or the end of an epoch (epoch_end = 1). */
typedef struct hbcd_record {
    size_t step, phase, epoch, rows, n_evaluations, n_iterations;
    int block, epoch_end, status;
    double loss_before;  /* objective on this batch before the visit; at an epoch end: NaN */
    double loss;         /* after the visit; at an epoch end: full training loss */
    double validation;   /* at an epoch end, where rows were held out, else NaN */
    double score;        /* at an epoch end, what `score` of the watch made of it, else NaN */
    double sensitivity;  /* of the chosen block, NaN where none was measured */
    double seconds;
} hbcd_record;

/* What happens between two calls of an optimizer. */
enum hbcd_event_kind { HBCD_EVENT_BLOCK_BEGIN, HBCD_EVENT_BLOCK_END, HBCD_EVENT_SWEEP_END, HBCD_EVENT_IMPROVED };
typedef struct hbcd_event {
    int kind;                /* hbcd_event_kind */
    const hbcd_record *line; /* of the history; at a beginning without what is not known yet */
    double best;             /* the best value measured so far, of what is kept */
    const void *theta, *best_theta; /* all parameters, in the run's precision; not after the call */
} hbcd_event;

typedef struct hbcd_watch {
    /* Called from the calling thread, never from a worker, at most every `interval` seconds, also in the
     * middle of a long evaluation.  Returns 0 to go on, a stop code (> 0) or an error (< 0).  May be NULL. */
    int (*poll)(void *self, const hbcd_progress *progress);
    /* Called at every history line; NULL: no history.  Returns 0 or an error. */
    int (*record)(void *self, const hbcd_record *record);
    /* Called after every iteration of an optimizer with its point x (n values of the run's precision) and
     * value; NULL in training.  Returns 0, a stop code or an error. */
    int (*iteration)(void *self, size_t n, const void *x, double f);
    /* Called between calls of optimizers, in training; NULL: nobody listens, and nothing is done for it.  Returns 0 to
     * go on, a stop code, which ends the run, or an error. */
    int (*event)(void *self, const hbcd_event *event);
    /* What is kept is the least *score: as it comes the loss on held-out rows, else the training loss.  Called where
     * these were measured at theta, NULL: *score stays.  Returns 0 or an error. */
    int (*score)(void *self, const void *theta, double *score);
    void *self;
    size_t patience;  /* passes in a row without a better score, after which a phase ends; SIZE_MAX: any number */
    double interval;  /* seconds between polls */
    double deadline;  /* on hbcd_clock(); INFINITY: none */
    double started, polled;
    hbcd_progress progress;
    /* Of a run on several ranks (hbcd_ranks.h), set by plan_train; NULL: alone.  Then only rank 0 polls, reads the clock
     * and calls `event`, and what ends the run there is kept until the next sum, which tells it to all. */
    const hbcd_ranks *ranks;
    double last;      /* deadline of the whole run */
    int kept, whole;  /* what ends the run, not told yet; 1: the whole run and not only the phase */
    int over;         /* 1: the whole run is over, as all know */
    int told;         /* 1: the error that ended the run is known to all */
} hbcd_watch;

/* Seconds on a monotonic clock. */
double hbcd_clock(void);
/* Fills a watch that never stops anything; max_seconds = INFINITY for no limit. */
void hbcd_watch_start(hbcd_watch *watch, double max_seconds);
/* Time limit and poll: 0, a stop code or an error.  watch may be NULL.  Cheap enough for every tile. */
int hbcd_watch_tick(hbcd_watch *watch);
/* `status` of something that only rank 0 asks; on several ranks it is kept, and 0 returned. */
int hbcd_watch_keep(hbcd_watch *watch, int status);

typedef struct hbcd_stop {
    double pg_tol;          /* infinity norm of P(x - g) - x */
    double f_tol;           /* relative decrease of one iteration; negative: never */
    double target;          /* stop when f <= target; -INFINITY: never */
    size_t max_iterations;  /* SIZE_MAX: no limit */
    size_t max_evaluations; /* SIZE_MAX: no limit */
    int keep_last;          /* 1: return the last iterate (the objective is one of many batches), 0: the best */
    hbcd_watch *watch;      /* may be NULL */
    /* For optimizers whose steps change over a run of known length (HBCD_OPT_SCHEDULED): the iterations of the run that
     * this call is a part of, and how many of them came before.  A run that is cut into calls takes the same steps as in
     * one.  run_iterations 0: this call is the run, of max_iterations.  plan_train fills both in: the run is the phase, of
     * passes x batches x visits x iterations of a visit, or of fewer where max_iterations of phase and run leave fewer. */
    size_t run_iterations, iterations_before;
} hbcd_stop;

/* What one call of an optimizer did. */
typedef struct hbcd_report {
    int status;
    double f;        /* value at the returned x; NaN where keep_last left it unevaluated */
    double f_start;  /* value at the x passed in (after projection onto the box) */
    double pg;       /* projected gradient norm at the last gradient, NaN if none was asked for */
    size_t n_iterations, n_evaluations;
} hbcd_report;

void hbcd_stop_default(hbcd_stop *stop);     /* pg_tol 1e-5, f_tol 1e-9, no limits */
void hbcd_report_start(hbcd_report *report); /* zeros and NaNs */

/* The tests of a start point, after its first evaluation; fills f, f_start and pg.  pg = NaN where no gradient is
 * asked for, INFINITY where f is not finite and a gradient was asked for.  0: go on; > 0 stop code. */
int hbcd_stop_start(const hbcd_stop *stop, hbcd_report *report, double f, double pg);
/* Every stopping test, once.  Call at the end of an iteration that moved from f_old to f_new, x of n values;
 * pg as for hbcd_stop_start, f_old = NaN to skip the test of the decrease, f_new = NaN where it is not known.
 * Counts the iteration.  0: go on; > 0 stop code; < 0 error of a callback. */
int hbcd_stop_test(const hbcd_stop *stop, hbcd_report *report, double f_old, double f_new, double pg,
                   size_t n, const void *x);

#ifdef __cplusplus
}
#endif
#endif
