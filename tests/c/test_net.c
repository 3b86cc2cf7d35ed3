/* test_net.c: laws of the network: kernels against plain loops, tables into tiles, loss and gradient against central
 * differences of a network written down once more in plain loops.  Typed bodies: test_net_affine.inl (kernels),
 * test_net_data.inl (tables), test_net.inl (one evaluation) and its laws in test_net_laws.inl, test_net_outputs.inl and
 * test_net_parts.inl (layers and activations from outside, what is refused) test_net_structured.inl (block-diagonal layers
 * and smooth pieces) and test_net_derivatives.inl (in inputs and parameters). */
#include "check.h"
#include "memory.h"
#include "network/net.h"

#include <float.h>

enum { MAX_LAYERS = 5, MAX_PARAMS = 400 };

/* ---- a network in plain loops: the oracle ------------------------------------------------------------------------ */

static double act(int kind, double leak, double z)
{
    switch (kind) {
    case HBCD_SIGMOID: return 1 / (1 + exp(-z));
    case HBCD_TANH: return tanh(z);
    case HBCD_RELU: return z > 0 ? z : 0;
    case HBCD_LEAKY_RELU: return z > 0 ? z : leak * z;
    default: return z;
    }
}

/* b (n_out) = activation(a (n_in) W + bias) */
static void oracle_dense(size_t n_in, size_t n_out, int kind, double leak, const double *theta, const double *a, double *b)
{
    for (size_t o = 0; o < n_out; o++) {
        double z = theta[n_in * n_out + o];
        for (size_t i = 0; i < n_in; i++) z += a[i] * theta[i * n_out + o];
        b[o] = act(kind, leak, z);
    }
}

/* b = the layer at a (n_in); its number of parameters. */
static size_t oracle_layer(const hbcd_layer_spec *layer, size_t n_in, const double *theta, const double *a, double *b)
{
    const double *first = theta;
    if (layer->kind == HBCD_SMOOTH_PIECES) {
        memcpy(b, a, n_in * sizeof *b);
        for (size_t j = 0; j < layer->n_pieces; j++)
            b[n_in + j] = tanh((a[layer->columns[j]] - layer->centers[j]) / layer->widths[j]);
        return 0;
    }
    if (layer->kind != HBCD_BLOCK_DIAGONAL) {
        oracle_dense(n_in, layer->n_out, layer->activation, layer->activation_parameter, theta, a, b);
        return (n_in + 1) * layer->n_out;
    }
    for (const hbcd_part_spec *part = layer->parts; part < layer->parts + layer->n_parts; part++) {
        oracle_dense(part->n_in, part->n_out, part->activation, part->activation_parameter, theta, a, b);
        theta += (part->n_in + 1) * part->n_out;
        a += layer->shared_input ? 0 : part->n_in;
        b += part->n_out;
    }
    return (size_t)(theta - first);
}

/* out (n_out) of one row x (n_in). */
static void oracle_row(const hbcd_net_spec *spec, const double *theta, const double *x, double *out)
{
    double a[64], b[64];
    size_t n_in = spec->n_in;
    memcpy(a, x, n_in * sizeof *a);
    for (size_t l = 0; l < spec->n_layers; l++) {
        theta += oracle_layer(&spec->layers[l], n_in, theta, a, b);
        n_in = spec->layers[l].n_out;
        memcpy(a, b, n_in * sizeof *a);
    }
    memcpy(out, a, n_in * sizeof *out);
}

/* A regression problem: x (rows, n_in), y (rows, n_out), w (rows) or NULL, row by row; all exact in float. */
typedef struct problem {
    hbcd_layer_spec layers[MAX_LAYERS];
    hbcd_net_spec spec;
    size_t rows, n_out, n_params;
    double *x, *y, *w, theta[MAX_PARAMS];
} problem;

static double oracle_loss(const problem *p, const double *theta)
{
    double f = 0, weights = 0, out[64];
    for (size_t r = 0; r < p->rows; r++) {
        double weight = p->w ? p->w[r] : 1;
        oracle_row(&p->spec, theta, p->x + r * p->spec.n_in, out);
        weights += weight;
        for (size_t o = 0; o < p->n_out; o++) {
            double e = out[o] - p->y[r * p->n_out + o];
            f += 0.5 * weight * e * e;
        }
    }
    return f / ((double)p->n_out * weights);
}

static double draw(hbcd_rng *rng, double scale) { return (double)(float)(scale * hbcd_rng_normal(rng)); }

/* `depth` hidden layers of widths 5, 4, 3.. between n_in and n_out, all with one activation. */
static void make_problem(problem *p, size_t n_in, size_t depth, size_t n_out, int activation, size_t rows,
                         int weighted)
{
    hbcd_rng rng;
    hbcd_rng_seed(&rng, 11, depth * 100 + n_out * 10 + (size_t)activation);
    memset(p, 0, sizeof *p);
    p->spec = (hbcd_net_spec){.n_in = n_in, .n_layers = depth + 1, .layers = p->layers};
    p->rows = rows;
    p->n_out = n_out;
    size_t width = n_in;
    for (size_t l = 0; l <= depth; l++) {
        p->layers[l] = (hbcd_layer_spec){.n_out = l == depth ? n_out : 5 - l, .activation = activation,
                                         .activation_parameter = 0.125};
        p->n_params += (width + 1) * p->layers[l].n_out;
        width = p->layers[l].n_out;
    }
    p->x = malloc(rows * n_in * sizeof(double));
    p->y = malloc(rows * n_out * sizeof(double));
    p->w = weighted ? malloc(rows * sizeof(double)) : NULL;
    if (!p->x || !p->y || (weighted && !p->w) || p->n_params > MAX_PARAMS) abort();
    for (size_t k = 0; k < p->n_params; k++) p->theta[k] = draw(&rng, 0.7);
    for (size_t k = 0; k < rows * n_in; k++) p->x[k] = draw(&rng, 1);
    for (size_t k = 0; k < rows * n_out; k++) p->y[k] = draw(&rng, 1);
    for (size_t r = 0; weighted && r < rows; r++) p->w[r] = (double)(1 + hbcd_rng_below(&rng, 4));
}

static void free_problem(problem *p)
{
    free(p->x);
    free(p->y);
    free(p->w);
}

static hbcd_table table_of(void *data, int dtype, size_t rows, size_t cols)
{
    ptrdiff_t size = dtype == HBCD_F64 ? sizeof(double) : sizeof(float);
    return (hbcd_table){.data = data, .dtype = dtype, .rows = rows, .cols = cols,
                        .row_stride = size * (ptrdiff_t)cols, .col_stride = size};
}

/* || a - b || / || b || */
static double distance(size_t n, const double *a, const double *b)
{
    double apart = 0, size = 0;
    for (size_t k = 0; k < n; k++) apart += (a[k] - b[k]) * (a[k] - b[k]), size += b[k] * b[k];
    return size > 0 ? sqrt(apart / size) : sqrt(apart);
}

#define HBCD_EACH "../../tests/c/test_net_affine.inl"
#include "hbcd_each_real.h"
#undef HBCD_EACH
#define HBCD_EACH "../../tests/c/test_net_data.inl"
#include "hbcd_each_real.h"
#undef HBCD_EACH
#define HBCD_EACH "../../tests/c/test_net.inl"
#include "hbcd_each_real.h"
#undef HBCD_EACH
#define HBCD_EACH "../../tests/c/test_net_laws.inl"
#include "hbcd_each_real.h"
#undef HBCD_EACH
#define HBCD_EACH "../../tests/c/test_net_outputs.inl"
#include "hbcd_each_real.h"
#undef HBCD_EACH
#define HBCD_EACH "../../tests/c/test_net_parts.inl"
#include "hbcd_each_real.h"
#undef HBCD_EACH
#include "test_net_structured.h"
#define HBCD_EACH "../../tests/c/test_net_structured.inl"
#include "hbcd_each_real.h"
#undef HBCD_EACH
enum { MOST_ROWS = 300, MOST_IN = 6, MOST_OUT = 3 }; /* of tests of derivatives */
#define HBCD_EACH "../../tests/c/test_net_derivatives.inl"
#include "hbcd_each_real.h"
#undef HBCD_EACH

/* ---- both precisions together ------------------------------------------------------------------------------------ */

/* Central differences of the oracle's loss. */
static void differences(problem *p, double *g)
{
    for (size_t k = 0; k < p->n_params; k++) {
        const double here = p->theta[k], h = 1e-5;
        p->theta[k] = here + h;
        double up = oracle_loss(p, p->theta);
        p->theta[k] = here - h;
        g[k] = (up - oracle_loss(p, p->theta)) / (2 * h);
        p->theta[k] = here;
    }
}

/* The bars of the project: float64 against central differences 1e-7, float32 against float64 1e-5. */
static void check_gradient(problem *p)
{
    double f32, f64, g32[MAX_PARAMS], g64[MAX_PARAMS], wanted[MAX_PARAMS];
    hbcd_gradient_of_f32(p, 1, &f32, g32);
    hbcd_gradient_of_f64(p, 1, &f64, g64);
    differences(p, wanted);
    CHECK_NEAR(f64, oracle_loss(p, p->theta), 1e-14);
    CHECK_NEAR(f32, f64, 1e-6);
    double off64 = distance(p->n_params, g64, wanted), off32 = distance(p->n_params, g32, g64);
    if (!(off64 <= 1e-7 && off32 <= 1e-5))
        fprintf(stderr, "activation %d, %zu layers, %zu outputs, %zu rows, isa %d: off by %g and %g\n",
                p->layers[0].activation, p->spec.n_layers, p->n_out, p->rows, p->spec.isa, off64, off32);
    CHECK(off64 <= 1e-7);
    CHECK(off32 <= 1e-5);
}

static void test_gradient_is_the_slope_of_the_loss(void)
{
    problem p;
    for (int activation = 0; activation < HBCD_N_ACTIVATIONS; activation++)
        for (size_t depth = 0; depth <= 3; depth++)
            for (size_t n_out = 1; n_out <= 3; n_out++)
                for (int isa = 0; isa <= hbcd_isa_detect(); isa++) {
                    make_problem(&p, 3, depth, n_out, activation, 40, n_out == 2);
                    p.spec.isa = isa;
                    check_gradient(&p);
                    free_problem(&p);
                }
}

static void test_any_number_of_rows_and_any_width(void)
{
    const size_t rows[] = {1, 2, 15, 16, 17, 127, 128, 129, HBCD_TILE - 1, HBCD_TILE, HBCD_TILE + 1, 1000};
    problem p;
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++)
        for (int weighted = 0; weighted <= 1; weighted++) {
            make_problem(&p, 4, 2, 2, HBCD_TANH, rows[k], weighted);
            check_gradient(&p);
            free_problem(&p);
        }
    for (size_t n_in = 1; n_in <= 17; n_in++) {
        make_problem(&p, n_in, 1, 1 + n_in % 3, HBCD_SIGMOID, 20, 0);
        check_gradient(&p);
        free_problem(&p);
    }
}

static void test_layers_of_every_kind(void)
{
    const size_t rows[] = {1, 40, HBCD_TILE + 1};
    problem p;
    for (int which = 0; which < N_STRUCTURED; which++)
        for (size_t k = 0; k < 3; k++)
            for (int isa = 0; isa <= hbcd_isa_detect(); isa++) {
                make_structured(&p, which, rows[k], k == 1);
                p.spec.isa = isa;
                check_gradient(&p);
                free_problem(&p);
            }
}

int main(void)
{
    test_gradient_is_the_slope_of_the_loss();
    test_any_number_of_rows_and_any_width();
    test_layers_of_every_kind();
    hbcd_test_affine_f32();
    hbcd_test_affine_f64();
    hbcd_test_data_f32();
    hbcd_test_data_f64();
    hbcd_test_laws_f32();
    hbcd_test_laws_f64();
    hbcd_test_outputs_f32();
    hbcd_test_outputs_f64();
    hbcd_test_parts_f32();
    hbcd_test_parts_f64();
    hbcd_test_structured_f32();
    hbcd_test_structured_f64();
    hbcd_test_derivatives_f32();
    hbcd_test_derivatives_f64();
    CHECK_DONE("test_net");
}
