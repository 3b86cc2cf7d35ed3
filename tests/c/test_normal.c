/* test_normal.c: the normal equations against a Jacobian written out row by row in double, for any depth, number of
 * outputs, weights, block, number of rows, instruction set and precision.  Typed bodies: test_normal.inl. */
#include "check.h"
#include "memory.h"
#include "network/net.h"

#include <float.h>

enum { MOST_LAYERS = 4, MOST_PARAMS = 200 };

/* Rows x, targets y, weights w or NULL, row by row; all exact in float. */
typedef struct problem {
    hbcd_layer_spec layers[MOST_LAYERS];
    hbcd_net_spec spec;
    size_t rows, n_out, n_params;
    double *x, *y, *w, *jacobian; /* jacobian: (rows, n_out, n_params) of out, without weights */
    double *out;                  /* (rows, n_out) */
    double theta[MOST_PARAMS];
} problem;

static double draw(hbcd_rng *rng, double scale) { return (double)(float)(scale * hbcd_rng_normal(rng)); }

static double *numbers(size_t n)
{
    double *made = calloc(n ? n : 1, sizeof *made);
    if (made == NULL) abort();
    return made;
}

static hbcd_table table_of(double *data, size_t rows, size_t cols)
{
    const ptrdiff_t size = sizeof *data;
    return (hbcd_table){.data = data, .dtype = HBCD_F64, .rows = rows, .cols = cols,
                        .row_stride = size * (ptrdiff_t)cols, .col_stride = size};
}

static hbcd_net_f64 *plain_net(const problem *p, memory *m)
{
    hbcd_net_f64 *net;
    hbcd_arena count = {NULL, 0, 0};
    CHECK(hbcd_net_make_f64(&p->spec, &count, &net) == HBCD_OK);
    *m = borrow(count.used);
    CHECK(hbcd_net_make_f64(&p->spec, &m->arena, &net) == HBCD_OK);
    return net;
}

/* The outputs at theta. */
static void outputs(const problem *p, const hbcd_net_f64 *net, const double *theta, double *out)
{
    hbcd_table x = table_of(p->x, p->rows, p->spec.n_in), to = table_of(out, p->rows, p->n_out);
    hbcd_arena count = {NULL, 0, 0};
    CHECK(hbcd_net_predict_f64(net, &x, theta, 1, NULL, &count, &to) == HBCD_OK);
    memory m = borrow(count.used);
    CHECK(hbcd_net_predict_f64(net, &x, theta, 1, NULL, &m.arena, &to) == HBCD_OK);
    give_back(&m);
}

/* Output by output, row by row: the pullback of a seed. */
static void write_jacobian(problem *p)
{
    memory net_memory, m;
    hbcd_net_f64 *net = plain_net(p, &net_memory);
    double one[4] = {0};
    hbcd_arena count = {NULL, 0, 0};
    hbcd_table x = table_of(p->x, 1, p->spec.n_in), seed = table_of(one, 1, p->n_out);
    CHECK(hbcd_net_pullback_f64(net, &x, p->theta, &seed, &count, NULL, p->jacobian) == HBCD_OK);
    m = borrow(count.used);
    for (size_t r = 0; r < p->rows; r++)
        for (size_t k = 0; k < p->n_out; k++) {
            x.data = p->x + r * p->spec.n_in;
            one[k] = 1;
            m.arena.used = 0;
            CHECK(hbcd_net_pullback_f64(net, &x, p->theta, &seed, &m.arena, NULL,
                                        p->jacobian + (r * p->n_out + k) * p->n_params) == HBCD_OK);
            one[k] = 0;
        }
    give_back(&m);
    outputs(p, net, p->theta, p->out);
    give_back(&net_memory);
}

/* `depth` hidden layers of widths 5, 4, 3 between n_in and n_out. */
static void make_problem(problem *p, size_t n_in, size_t depth, size_t n_out, int activation, size_t rows, int weighted)
{
    hbcd_rng rng;
    hbcd_rng_seed(&rng, 17, depth * 100 + n_out * 10 + rows);
    memset(p, 0, sizeof *p);
    p->spec = (hbcd_net_spec){.n_in = n_in, .n_layers = depth + 1, .layers = p->layers};
    p->rows = rows;
    p->n_out = n_out;
    size_t width = n_in;
    for (size_t l = 0; l <= depth; l++) {
        p->layers[l] = (hbcd_layer_spec){.n_out = l == depth ? n_out : 5 - l, .activation_parameter = 0.125,
                                         .activation = l == depth && depth != 2 ? HBCD_IDENTITY : activation};
        p->n_params += (width + 1) * p->layers[l].n_out;
        width = p->layers[l].n_out;
    }
    if (p->n_params > MOST_PARAMS) abort();
    p->x = numbers(rows * n_in);
    p->y = numbers(rows * n_out);
    p->w = weighted ? numbers(rows) : NULL;
    p->out = numbers(rows * n_out);
    p->jacobian = numbers(rows * n_out * p->n_params);
    for (size_t k = 0; k < p->n_params; k++) p->theta[k] = draw(&rng, 0.7);
    for (size_t k = 0; k < rows * n_in; k++) p->x[k] = draw(&rng, 1);
    for (size_t k = 0; k < rows * n_out; k++) p->y[k] = draw(&rng, 1);
    for (size_t r = 0; weighted && r < rows; r++) p->w[r] = (double)(r ? hbcd_rng_below(&rng, 4) : 1);
    write_jacobian(p);
}

static void free_problem(problem *p)
{
    free(p->x);
    free(p->y);
    free(p->w);
    free(p->out);
    free(p->jacobian);
}

/* J'WJ, J'We of the parameters start .. start + n - 1 and f, by the definition. */
static void oracle(const problem *p, size_t start, size_t n, double *f, double *jtwr, double *jtwj)
{
    double weights = 0;
    *f = 0;
    memset(jtwr, 0, n * sizeof *jtwr);
    memset(jtwj, 0, n * n * sizeof *jtwj);
    for (size_t r = 0; r < p->rows; r++) weights += p->w ? p->w[r] : 1;
    for (size_t e = 0; e < p->rows * p->n_out; e++) {
        double weight = (p->w ? p->w[e / p->n_out] : 1) / ((double)p->n_out * weights), error = p->out[e] - p->y[e];
        const double *row = p->jacobian + e * p->n_params + start;
        *f += 0.5 * weight * error * error;
        for (size_t i = 0; i < n; i++) {
            jtwr[i] += weight * row[i] * error;
            for (size_t j = 0; j < n; j++) jtwj[i * n + j] += weight * row[i] * row[j];
        }
    }
}

/* Cholesky of h + slack I succeeds: no eigenvalue is below -slack. */
static int is_semidefinite(size_t n, const double *h, double slack)
{
    static double l[MOST_PARAMS * MOST_PARAMS];
    for (size_t j = 0; j < n; j++)
        for (size_t i = j; i < n; i++) {
            double sum = h[i * n + j] + (i == j ? slack : 0);
            for (size_t k = 0; k < j; k++) sum -= l[i * n + k] * l[j * n + k];
            if (i == j && !(sum > 0)) return 0;
            l[i * n + j] = i == j ? sqrt(sum) : sum / l[j * n + j];
        }
    return 1;
}

/* An activation from outside: softplus, whose slope needs z. */
static int softplus(void *self, int dtype, size_t n, const void *z, void *a)
{
    (void)self;
    for (size_t k = 0; k < n; k++)
        if (dtype == HBCD_F64) ((double *)a)[k] = log1p(exp(((const double *)z)[k]));
        else ((float *)a)[k] = log1pf(expf(((const float *)z)[k]));
    return 0;
}
static int softplus_slope(void *self, int dtype, size_t n, const void *z, const void *a, void *g)
{
    (void)self, (void)a;
    for (size_t k = 0; k < n; k++)
        if (dtype == HBCD_F64) ((double *)g)[k] /= 1 + exp(-((const double *)z)[k]);
        else ((float *)g)[k] /= 1 + expf(-((const float *)z)[k]);
    return 0;
}

/* A layer from outside: y = 2 x. */
static int skip_forward(void *self, int dtype, size_t rows, size_t ld, const void *theta, const void *x, void *out)
{
    const size_t *width = self;
    for (size_t k = 0; k < *width * ld; k++)
        if (k % ld >= rows) continue;
        else if (dtype == HBCD_F64) ((double *)out)[k] = ((const double *)x)[k] * 2;
        else ((float *)out)[k] = ((const float *)x)[k] * 2;
    (void)theta;
    return 0;
}
static int skip_backward(void *self, int dtype, size_t rows, size_t ld, const void *theta, const void *x,
                         const void *out, const void *grad_out, void *grad_x, void *grad_theta)
{
    (void)x, (void)out, (void)grad_theta;
    return grad_x ? skip_forward(self, dtype, rows, ld, theta, grad_out, grad_x) : 0;
}

#define HBCD_EACH "../../tests/c/test_normal.inl"
#include "hbcd_each_real.h"
#undef HBCD_EACH

/* The Jacobian that all else is compared with: central differences of the outputs. */
static void test_the_pullback_of_a_seed_is_a_row_of_the_jacobian(void)
{
    problem p;
    memory m;
    make_problem(&p, 3, 2, 2, HBCD_TANH, 9, 0);
    hbcd_net_f64 *net = plain_net(&p, &m);
    double *up = numbers(18), *down = numbers(18), apart = 0;
    for (size_t k = 0; k < p.n_params; k++) {
        const double here = p.theta[k], h = 1e-5;
        p.theta[k] = here + h;
        outputs(&p, net, p.theta, up);
        p.theta[k] = here - h;
        outputs(&p, net, p.theta, down);
        p.theta[k] = here;
        for (size_t e = 0; e < 18; e++)
            apart = fmax(apart, fabs(p.jacobian[e * p.n_params + k] - (up[e] - down[e]) / (2 * h)));
    }
    CHECK(apart <= 1e-8);
    free(up);
    free(down);
    give_back(&m);
    free_problem(&p);
}

int main(void)
{
    test_the_pullback_of_a_seed_is_a_row_of_the_jacobian();
    hbcd_test_normal_f32();
    hbcd_test_normal_f64();
    CHECK_DONE("test_normal");
}
