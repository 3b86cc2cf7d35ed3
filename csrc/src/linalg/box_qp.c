/* box_qp.c: an active set method.  On a face of the box, the variables held by no bound make Newton steps: the whole
 * one, projected, if that lowers the value enough (D. Bertsekas, SIAM J. Control Optim. 20 (1982) 221), else as far as
 * the first bound.  What meets a bound is held until the face is solved; then those are released whose slope leads
 * inside (J. Nocedal, S. Wright, Numerical Optimization, 2006, section 16.5). */
#include "linalg/box_qp.h"
#include "linalg/vec.h"

#include <math.h>

/* A decrease, or a slope beside the largest, that is rounding only. */
#define ROUNDING 1e-14

typedef struct problem {
    size_t n, ld;
    const double *a, *add, *g, *lo, *hi;
} problem;

void hbcd_box_qp_make(hbcd_box_qp *qp, int isa, size_t n, hbcd_arena *arena)
{
    *qp = (hbcd_box_qp){0};
    hbcd_cholesky_make(&qp->cholesky, isa, n, arena);
    qp->free = hbcd_arena_take(arena, n, sizeof *qp->free);
    qp->held = hbcd_arena_take(arena, n, sizeof *qp->held);
    qp->q = hbcd_arena_take(arena, n, sizeof *qp->q);
    qp->d = hbcd_arena_take(arena, n, sizeof *qp->d);
    qp->trial = hbcd_arena_take(arena, n, sizeof *qp->trial);
    qp->q_trial = hbcd_arena_take(arena, n, sizeof *qp->q_trial);
}

static int is_low(const problem *m, const double *p, size_t i) { return m->lo && p[i] <= m->lo[i]; }
static int is_high(const problem *m, const double *p, size_t i) { return m->hi && p[i] >= m->hi[i]; }

static double clip(const problem *m, double x, size_t i)
{
    if (m->lo && x < m->lo[i]) x = m->lo[i];
    return m->hi && x > m->hi[i] ? m->hi[i] : x;
}

/* q <- g + (a + diag(add))p; returns the value at p. */
static double gradient(const problem *m, const double *p, double *q)
{
    for (size_t i = 0; i < m->n; i++) q[i] = m->g[i] + hbcd_dot_f64(m->n, m->a + i * m->ld, p) + m->add[i] * p[i];
    return 0.5 * (hbcd_dot_f64(m->n, m->g, p) + hbcd_dot_f64(m->n, q, p));
}

/* The direction to the minimum on the face; 0 with *definite = 0, or what the watch says. */
static int find_direction(hbcd_box_qp *qp, const problem *m, int *definite)
{
    size_t positive;
    qp->n_free = 0;
    for (size_t i = 0; i < m->n; i++)
        if (!qp->held[i]) qp->free[qp->n_free++] = i;
    hbcd_cholesky_load(&qp->cholesky, qp->n_free, m->a, m->ld, m->add, qp->free);
    int status = hbcd_cholesky_factor(&qp->cholesky, qp->watch, &positive);
    *definite = positive == qp->n_free;
    if (status != 0 || !*definite) return status;
    for (size_t k = 0; k < qp->n_free; k++) qp->d[k] = -qp->q[qp->free[k]];
    hbcd_cholesky_solve(&qp->cholesky, qp->d);
    return HBCD_OK;
}

/* trial <- P(p + d) on the free variables; returns how many were cut at a bound. */
static size_t whole_step(hbcd_box_qp *qp, const problem *m, const double *p)
{
    size_t cut = 0;
    hbcd_copy_f64(m->n, p, qp->trial);
    for (size_t k = 0; k < qp->n_free; k++) {
        const size_t i = qp->free[k];
        qp->trial[i] = clip(m, p[i] + qp->d[k], i);
        cut += qp->trial[i] != p[i] + qp->d[k];
    }
    return cut;
}

/* trial <- as far along d as the box allows; the first bound is met exactly. */
static void step_to_bound(hbcd_box_qp *qp, const problem *m, const double *p)
{
    double part = 1, met = 0;
    size_t first = 0;
    for (size_t k = 0; k < qp->n_free; k++) {
        const size_t i = qp->free[k];
        const double down = m->lo ? m->lo[i] : -INFINITY, up = m->hi ? m->hi[i] : INFINITY;
        const double bound = qp->d[k] < 0 ? down : up;
        if (!(fabs(bound - p[i]) < part * fabs(qp->d[k]))) continue;
        part = (bound - p[i]) / qp->d[k];
        met = bound;
        first = i;
    }
    for (size_t k = 0; k < qp->n_free; k++) {
        const size_t i = qp->free[k];
        qp->trial[i] = clip(m, p[i] + part * qp->d[k], i);
    }
    if (part < 1) qp->trial[first] = met;
}

/* One step on the face; 1 if it solved the face. */
static int move(hbcd_box_qp *qp, const problem *m, double *p, double *value)
{
    size_t cut = whole_step(qp, m, p);
    double there = gradient(m, qp->trial, qp->q_trial);
    if (cut > 0) {
        double slope = hbcd_dot_f64(m->n, qp->q, qp->trial) - hbcd_dot_f64(m->n, qp->q, p);
        if (!(slope < 0 && there <= *value + 0.1 * slope)) {
            step_to_bound(qp, m, p);
            there = gradient(m, qp->trial, qp->q_trial);
        }
        for (size_t k = 0; k < qp->n_free; k++) {
            const size_t i = qp->free[k];
            qp->held[i] = qp->d[k] < 0 ? is_low(m, qp->trial, i) : is_high(m, qp->trial, i);
        }
    }
    hbcd_copy_f64(m->n, qp->trial, p);
    hbcd_copy_f64(m->n, qp->q_trial, qp->q);
    *value = there;
    return cut == 0;
}

/* Releases what is held against its slope; 0 if nothing is: p is the minimum. */
static int release(hbcd_box_qp *qp, const problem *m, const double *p)
{
    const double least = ROUNDING * hbcd_norm_inf_f64(m->n, m->g);
    int released = 0;
    for (size_t i = 0; i < m->n; i++) {
        if (!qp->held[i] || (is_low(m, p, i) && is_high(m, p, i))) continue;
        if (is_low(m, p, i) ? qp->q[i] >= -least : qp->q[i] <= least) continue;
        qp->held[i] = 0;
        released = 1;
    }
    return released;
}

int hbcd_box_qp_solve(hbcd_box_qp *qp, size_t n, const double *a, size_t ld, const double *add, const double *g,
                      const double *lo, const double *hi, double *p, double *value, int *definite)
{
    const problem m = {n, ld, a, add, g, lo, hi};
    const size_t most = 20 + 3 * n; /* steps, each to a lower value; usually two or three */
    *definite = 1;
    for (size_t i = 0; i < n; i++) p[i] = clip(&m, 0, i);
    *value = gradient(&m, p, qp->q);
    for (size_t i = 0; i < n; i++)
        qp->held[i] = (is_low(&m, p, i) && qp->q[i] >= 0) || (is_high(&m, p, i) && qp->q[i] <= 0);
    double last = INFINITY; /* value of the face solved before */
    for (size_t k = 0; k < most; k++) {
        int status = find_direction(qp, &m, definite);
        if (status != 0 || !*definite) return status;
        if (!move(qp, &m, p, value)) continue;
        if (last - *value <= ROUNDING * fabs(*value) || !release(qp, &m, p)) return HBCD_OK;
        last = *value;
    }
    return HBCD_OK;
}
