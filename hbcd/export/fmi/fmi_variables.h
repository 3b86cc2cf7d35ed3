/* The variables of a model of hbcd for FMI: read and set by their value references.

   0 is the time; then the inputs, the outputs, and the class of a classifier.  A text is the
   number of its level, from 1; where it may be missing, the last number says so. */
#include <math.h>

#define FIRST_OUTPUT (1u + N_INPUTS)
#define CLASS_OUTPUT (FIRST_OUTPUT + N_OUTPUTS)

static Status predicted(Instance *self, int wanted, const char *message)
{
    if (self->computed < wanted) {
#if HAS_SLOPES
        self->status = (wanted == SLOPES) ? MODEL_JACOBIAN(self->now.x, self->y, self->dy)
                                          : MODEL_PREDICT(self->now.x, self->y);
#else
        self->status = MODEL_PREDICT(self->now.x, self->y);
#endif
        self->computed = wanted;
    }
    return (self->status == 0) ? STATUS_OK : discard(self, message);
}

/* The input of a value reference, -1 if it is none; levels: whether it must be text. */
static int input_at(Reference reference, int levels)
{
    int k = (reference > 0u && reference < FIRST_OUTPUT) ? (int)(reference - 1u) : -1;
    return (k >= 0 && (LEVELS[k] > 0) == levels) ? k : -1;
}

static Status get_number(Instance *self, Reference reference, double *value, const char *absent,
                         const char *infinite)
{
    int k = input_at(reference, 0);
    Status status = STATUS_OK;
    if (reference == 0u) {
        *value = self->now.time;
    } else if (k >= 0) {
        *value = self->now.x[k];
    } else if (reference >= FIRST_OUTPUT && reference < CLASS_OUTPUT) {
        status = predicted(self, PREDICTIONS, infinite);
        *value = (status == STATUS_OK) ? self->y[reference - FIRST_OUTPUT] : *value;
    } else {
        status = fail(self, absent);
    }
    return status;
}

static Status get_level(Instance *self, Reference reference, Level *value, const char *absent,
                        const char *infinite)
{
    int k = input_at(reference, 1);
    Status status = STATUS_OK;
    if (k >= 0) {
        double x = self->now.x[k];
        *value = (x >= 0.0) ? (Level)(x + 1.5) : (Level)(LEVELS[k] + 1);
    } else if (HAS_CLASS && reference == CLASS_OUTPUT) {
        int best = 0;
        status = predicted(self, PREDICTIONS, infinite);
        for (k = 1; k < N_OUTPUTS; k++) {
            best = (self->y[k] > self->y[best]) ? k : best;
        }
        *value = (status == STATUS_OK) ? (Level)(best + 1) : *value;
    } else {
        status = fail(self, absent);
    }
    return status;
}

/* Sets nothing where one of the values cannot be held. */
static Status set_numbers(Instance *self, const Reference *references, size_t n,
                          const double *values, const char *absent, const char *wrong)
{
    size_t i;
    for (i = 0; i < n; i++) {
        int k = input_at(references[i], 0);
        if (k < 0) {
            return fail(self, absent);
        }
        if (!held(k, values[i])) {
            return discard(self, wrong);
        }
    }
    for (i = 0; i < n; i++) {
        self->now.x[references[i] - 1u] = values[i];
    }
    self->computed = NOTHING;
    return STATUS_OK;
}

static Status set_levels(Instance *self, const Reference *references, size_t n,
                         const Level *values, const char *absent, const char *wrong)
{
    size_t i;
    for (i = 0; i < n; i++) {
        int k = input_at(references[i], 1);
        if (k < 0) {
            return fail(self, absent);
        }
        if (values[i] < 1 || values[i] > LEVELS[k] + GAPS[k]) {
            return discard(self, wrong);
        }
    }
    for (i = 0; i < n; i++) {
        int k = input_at(references[i], 1);
        self->now.x[k] = (values[i] > LEVELS[k]) ? (double)NAN : (double)(values[i] - 1);
    }
    self->computed = NOTHING;
    return STATUS_OK;
}

/* ---- slopes of outputs with respect to inputs */

/* Whether all are slopes that there are: of outputs, with respect to the time or to numbers. */
static int has_slopes(const Reference *unknowns, size_t n, const Reference *knowns, size_t m)
{
    size_t k;
    for (k = 0; k < n; k++) {
        if (unknowns[k] < FIRST_OUTPUT || unknowns[k] >= CLASS_OUTPUT) {
            return 0;
        }
    }
    for (k = 0; k < m; k++) {
        if (knowns[k] != 0u && input_at(knowns[k], 0) < 0) {
            return 0;
        }
    }
    return 1;
}

/* sensitivity[u] = sum over the knowns of slope[u][k] seed[k]; for the adjoint of it over the
   unknowns, for each known. */
static Status along(Instance *self, int adjoint, const Reference *unknowns, size_t n,
                    const Reference *knowns, size_t m, const double *seed, double *sensitivity,
                    const char *infinite)
{
    size_t u;
    size_t k;
    Status status = predicted(self, SLOPES, infinite);
    if (status != STATUS_OK) {
        return status;
    }
    for (k = 0; k < (adjoint ? m : n); k++) {
        sensitivity[k] = 0.0;
    }
#if HAS_SLOPES
    for (u = 0; u < n; u++) {
        const double *row = &self->dy[(size_t)(unknowns[u] - FIRST_OUTPUT) * N_INPUTS];
        for (k = 0; k < m; k++) {
            double one = (knowns[k] == 0u) ? 0.0 : row[knowns[k] - 1u];
            sensitivity[adjoint ? k : u] += one * seed[adjoint ? u : k];
        }
    }
#else
    (void)u;
    (void)unknowns;
    (void)knowns;
    (void)seed;
#endif
    return STATUS_OK;
}
