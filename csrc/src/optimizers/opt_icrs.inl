/* opt_icrs.inl: integrated controlled random search.  R. Goulcher, J. Casares, Comput. Chem. Eng. 2 (1978) 33;
 * J. Banga, J. Casares, IChemE Symp. Ser. 100 (1987) 183.  One point x, normal trials z = x + sigma N(0, 1) in all
 * coordinates at once, sigma_i = kappa * distance of x_i to its nearest bound; a better trial becomes x, a series of
 * failures shrinks kappa.  With k1 = 1/3 the nearest bound is three sigma away, so redraws are rare.
 * Ours: the distance is at least `floor` box widths, or a coordinate on a bound would stay there for ever. */

typedef struct TY(icrs_memory) {
    double *kappa; /* relative width, k1 at first */
    size_t *fails; /* failures that count for the next shrink */
    REAL *z;       /* (n) trial point */
    double *draws; /* (n) normal numbers of a trial */
    double *reach; /* (n) distance of x_i to its nearest bound, at least the floor */
    double widest; /* the largest share of a box width that is in reach */
} TY(icrs_memory);

static size_t FN(icrs_carve)(void *state, size_t n, TY(icrs_memory) *memory)
{
    hbcd_arena arena = {state, SIZE_MAX, 0};
    memory->kappa = hbcd_arena_take(&arena, 1, sizeof *memory->kappa);
    memory->fails = hbcd_arena_take(&arena, 1, sizeof *memory->fails);
    memory->z = hbcd_arena_take(&arena, n, sizeof *memory->z);
    memory->draws = hbcd_arena_take(&arena, n, sizeof *memory->draws);
    memory->reach = hbcd_arena_take(&arena, n, sizeof *memory->reach);
    memory->widest = 0.0;
    return arena.used;
}

static size_t FN(icrs_state_size)(const void *options, const hbcd_shape *shape)
{
    TY(icrs_memory) memory;
    (void)options;
    return FN(icrs_carve)(NULL, shape->n, &memory);
}

static void FN(icrs_reset)(const void *options, void *state, size_t n)
{
    TY(icrs_memory) memory;
    FN(icrs_carve)(state, n, &memory);
    *memory.kappa = ((const hbcd_icrs *)options)->k1;
    *memory.fails = 0;
}

/* What is in reach of x; for every new x. */
static void FN(icrs_measure)(const hbcd_icrs *options, const TY(box) *box, size_t n, const REAL *x,
                             TY(icrs_memory) *memory)
{
    memory->widest = 0.0;
    for (size_t i = 0; i < n; i++) {
        double lo = box->lo[i], hi = box->hi[i];
        memory->reach[i] = fmax(fmin(hi - x[i], x[i] - lo), options->floor * (hi - lo));
        if (hi > lo) memory->widest = fmax(memory->widest, memory->reach[i] / (hi - lo));
    }
}

/* 1: the widest interval, max_i sigma_i / (hi_i - lo_i), is below the tolerance or zero. */
static int FN(icrs_is_narrow)(const hbcd_icrs *options, const TY(icrs_memory) *memory)
{
    double widest = *memory->kappa * memory->widest;
    return !(widest > 0.0) || widest < options->tolerance;
}

/* 1: the box is wider than a point, but the interval is narrow before anything was tried: the tolerance is large, or
 * there is no floor and all coordinates are on their bounds. */
static int FN(icrs_is_stuck)(const hbcd_icrs *options, const TY(box) *box, size_t n, const TY(icrs_memory) *memory)
{
    if (!FN(icrs_is_narrow)(options, memory) || *memory->kappa < options->k1) return 0;
    for (size_t i = 0; i < n; i++)
        if (box->hi[i] > box->lo[i]) return 1;
    return 0;
}

/* x + sigma draw, draw a normal number, within [lo, hi] by redrawing.  A sigma far wider than the box would miss for
 * ever: the limit of that law is the uniform one. */
static REAL FN(icrs_draw)(hbcd_rng *rng, double draw, double x, double sigma, REAL lo, REAL hi)
{
    enum { MAX_DRAWS = 64 };
    if (!(sigma > 0.0)) return (REAL)x;
    for (int k = 0; k < MAX_DRAWS; k++, draw = hbcd_rng_normal(rng)) {
        REAL z = (REAL)(x + sigma * draw);
        if (z >= lo && z <= hi) return z;
    }
    REAL z = (REAL)(lo + ((double)hi - (double)lo) * hbcd_rng_uniform(rng));
    return z < lo ? lo : z > hi ? hi : z;
}

/* One trial: 0, or the code that ended it. */
static int FN(icrs_trial)(const hbcd_icrs *options, TY(icrs_memory) *memory, const TY(objective) *objective,
                          const TY(box) *box, REAL *x, double *f, const hbcd_stop *stop, hbcd_rng *rng,
                          hbcd_report *report)
{
    const size_t n = objective->n;
    double f_try;
    if (FN(icrs_is_narrow)(options, memory)) return HBCD_STOP_WIDTH;
    if (report->n_evaluations >= options->max_evaluations) return HBCD_STOP_EVALUATIONS;
    hbcd_rng_normals(rng, n, memory->draws);
    for (size_t i = 0; i < n; i++)
        memory->z[i] = FN(icrs_draw)(rng, memory->draws[i], x[i], *memory->kappa * memory->reach[i], box->lo[i],
                                     box->hi[i]);
    int status = FN(evaluate)(objective, stop, report, memory->z, &f_try, NULL);
    if (status) return status;
    if (f_try < *f) {
        *f = f_try;
        FN(copy)(n, memory->z, x);
        FN(icrs_measure)(options, box, n, x, memory);
        if (!options->cumulative) *memory->fails = 0;
        if (options->reset_width) *memory->kappa = options->k1;
        return HBCD_OK;
    }
    double allowed = options->max_failures ? (double)options->max_failures
                                           : fmax(options->failures_per_parameter * (double)n, 1.0);
    if ((double)++*memory->fails >= allowed) {
        *memory->kappa *= options->k2;
        *memory->fails = 0;
    }
    return HBCD_OK;
}

/* 1: a number to draw from lies between all bounds: they are finite, and so are the distances between them. */
static int FN(icrs_has_room)(size_t n, const TY(box) *box)
{
    if (!box || !FN(is_boxed)(n, box)) return 0;
    for (size_t i = 0; i < n; i++)
        if (!isfinite((double)box->hi[i] - (double)box->lo[i])) return 0;
    return 1;
}

/* n trials are one iteration: about the work of one gradient step of a method that needs the whole vector. */
static int FN(icrs_minimize)(const void *options, void *state, const TY(objective) *objective, const TY(box) *box,
                             REAL *x, const hbcd_stop *stop, hbcd_rng *rng, hbcd_report *report)
{
    const size_t n = objective->n;
    TY(icrs_memory) memory;
    double f;
    FN(icrs_carve)(state, n, &memory);
    hbcd_report_start(report);
    if (!rng) return report->status = HBCD_ERR_ARGUMENT;
    if (!FN(icrs_has_room)(n, box)) return report->status = HBCD_ERR_BOUNDS;
    FN(project)(n, box, x);
    int status = FN(evaluate)(objective, stop, report, x, &f, NULL);
    if (status) return report->status = status;
    status = hbcd_stop_start(stop, report, f, NAN);
    FN(icrs_measure)(options, box, n, x, &memory);
    if (!status && FN(icrs_is_stuck)(options, box, n, &memory)) status = HBCD_STOP_LINE_SEARCH;
    while (!status) {
        size_t trial = 0;
        do status = FN(icrs_trial)(options, &memory, objective, box, x, &f, stop, rng, report);
        while (!status && ++trial < n && f > stop->target);
        if (!status) status = hbcd_stop_test(stop, report, NAN, f, NAN, n, x);
    }
    report->f = f;
    return report->status = status;
}

const TY(optimizer) FN(row_icrs) = {"icrs", FN(icrs_state_size), FN(icrs_reset), FN(icrs_minimize), NULL,
                                    HBCD_OPT_MONOTONE | HBCD_OPT_VALUE_ONLY | HBCD_OPT_NEEDS_BOX};
