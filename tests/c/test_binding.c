/* test_binding.c: laws of the contract for bindings (hbcd_any.h): tables, names, elementwise functions, rows from outside,
 * and parts that fail at each of their calls. */
#include "train_world.h"

enum { ROWS = 300, N = 40 };

static const int dtypes[] = {HBCD_F32, HBCD_F64};

static void test_tables(void)
{
    double numbers[] = {1, 2, 3, 4, 5, 6};
    float singles[] = {1, 2, 3, 4, 5, 6};
    hbcd_table t = {numbers, HBCD_F64, 2, 3, 24, 8, NULL, NULL, NULL};
    hbcd_table s = {singles, HBCD_F32, 2, 3, 12, 4, NULL, NULL, NULL};
    CHECK(hbcd_table_is_aligned(&t) && hbcd_table_is_sound(&t) && hbcd_table_is_aligned(&s) && hbcd_table_is_sound(&s));
    for (int k = 0; k < 6; k++) {
        numbers[k] = k % 2 ? NAN : INFINITY, singles[k] = k % 2 ? -INFINITY : NAN;
        CHECK(!hbcd_table_is_sound(&t) && !hbcd_table_is_sound(&s));
        numbers[k] = singles[k] = 1;
    }
    t.row_stride = 20;
    CHECK(!hbcd_table_is_aligned(&t) && !hbcd_table_is_sound(&t));
    t.row_stride = 24, t.col_stride = 6;
    CHECK(!hbcd_table_is_aligned(&t));
    s.data = (char *)singles + 2;
    CHECK(!hbcd_table_is_aligned(&s) && !hbcd_table_is_sound(&s));
}

static void test_names(void)
{
    const char *(*const names[])(int) = {hbcd_activation_name, hbcd_loss_name, hbcd_sensitivity_name, hbcd_selector_name};
    const int counts[] = {HBCD_N_ACTIVATIONS, HBCD_N_LOSSES, HBCD_N_SENSITIVITIES, HBCD_N_SELECTORS};
    for (int table = 0; table < 4; table++) {
        CHECK(names[table](-1) == NULL && names[table](counts[table]) == NULL);
        for (int kind = 0; kind < counts[table]; kind++) {
            CHECK(names[table](kind) != NULL && names[table](kind)[0] != 0);
            for (int other = 0; other < kind; other++) CHECK(strcmp(names[table](kind), names[table](other)) != 0);
        }
    }
}

static int forward(int dtype, int kind, size_t n, const vector *z, vector *a)
{
    return hbcd_activation_forward(dtype, hbcd_isa_detect(), kind, 0.1, n, z, a);
}

/* Slopes and second derivatives against differences of what they are the derivatives of. */
static void test_activations(int dtype)
{
    const double step = dtype == HBCD_F32 ? 1e-2 : 1e-5, tol = dtype == HBCD_F32 ? 1e-3 : 1e-8;
    const int isa = hbcd_isa_detect();
    for (int kind = -1; kind <= HBCD_N_ACTIVATIONS; kind++) {
        vector z, up, down, a, g, above, below, curve;
        for (size_t k = 0; k < N; k++) {
            const double at = 0.1 * ((double)k - 19.5); /* no kink within a step */
            set(dtype, &z, k, at), set(dtype, &up, k, at + step), set(dtype, &down, k, at - step);
            set(dtype, &g, k, 2), set(dtype, &curve, k, 2);
        }
        if (kind < 0 || kind == HBCD_N_ACTIVATIONS) {
            CHECK(forward(dtype, kind, N, &z, &a) == HBCD_ERR_ARGUMENT);
            CHECK(hbcd_activation_backward(dtype, isa, kind, 0.1, N, &z, &a, &g) == HBCD_ERR_ARGUMENT);
            CHECK(hbcd_activation_curvature(dtype, isa, kind, 0.1, N, &z, &a, &g) == HBCD_ERR_ARGUMENT);
            continue;
        }
        CHECK(forward(dtype, kind, N, &z, &a) == HBCD_OK && forward(dtype, kind, N, &up, &above) == HBCD_OK &&
              forward(dtype, kind, N, &down, &below) == HBCD_OK);
        CHECK(hbcd_activation_backward(dtype, isa, kind, 0.1, N, &z, &a, &g) == HBCD_OK);
        CHECK(hbcd_activation_curvature(dtype, isa, kind, 0.1, N, &z, &a, &curve) == HBCD_OK);
        vector slope_up = g, slope_down = g;
        for (size_t k = 0; k < N; k++) set(dtype, &slope_up, k, 2), set(dtype, &slope_down, k, 2);
        hbcd_activation_backward(dtype, isa, kind, 0.1, N, &up, &above, &slope_up);
        hbcd_activation_backward(dtype, isa, kind, 0.1, N, &down, &below, &slope_down);
        for (size_t k = 0; k < N; k++) {
            CHECK_NEAR(get(dtype, &g, k), 2 * (get(dtype, &above, k) - get(dtype, &below, k)) / (2 * step), tol * 10);
            CHECK_NEAR(get(dtype, &curve, k), (get(dtype, &slope_up, k) - get(dtype, &slope_down, k)) / (2 * step), tol * 10);
        }
    }
}

static void test_losses(int dtype)
{
    enum { OUT = 2, FEW = 7 };
    static const double parameters[] = {0.1, 0.5};
    const double step = 1e-5;
    float tile[3 * OUT * HBCD_PAD * 2 + HBCD_ALIGN];
    void *scratch = (void *)(((uintptr_t)tile + HBCD_ALIGN - 1) / HBCD_ALIGN * HBCD_ALIGN);
    vector out = {{{0}}}, y = {{{0}}}, g, no = {{{0}}};
    double value[FEW], up[FEW], down[FEW];
    for (size_t k = 0; k < OUT * FEW; k++)
        set(dtype, &out, k, 0.3 * (double)k - 1.93), set(dtype, &y, k, (double)((k + k / 2) % 2));
    const int isa = hbcd_isa_detect(), too_much = HBCD_N_LOSSES;
    CHECK(hbcd_loss_of_rows(dtype, isa, -1, parameters, FEW, OUT, &out, &y, scratch, value, NULL) == HBCD_ERR_ARGUMENT);
    CHECK(hbcd_loss_of_rows(dtype, isa, too_much, parameters, FEW, OUT, &out, &y, scratch, value, &g) == HBCD_ERR_ARGUMENT);
    for (int kind = 0; kind < HBCD_N_LOSSES; kind++) {
        g = no;
        CHECK(hbcd_loss_of_rows(dtype, isa, kind, parameters, FEW, OUT, &out, &y, scratch, value, &g) == HBCD_OK);
        CHECK(hbcd_loss_of_rows(dtype, isa, kind, parameters, FEW, OUT, &out, &y, scratch, up, NULL) == HBCD_OK);
        CHECK(memcmp(up, value, sizeof up) == 0); /* with a gradient or without */
        if (dtype == HBCD_F32) continue; /* differences say too little */
        for (size_t k = 0; k < OUT * FEW; k++) {
            const double at = get(dtype, &out, k);
            set(dtype, &out, k, at + step);
            hbcd_loss_of_rows(dtype, isa, kind, parameters, FEW, OUT, &out, &y, scratch, up, NULL);
            set(dtype, &out, k, at - step);
            hbcd_loss_of_rows(dtype, isa, kind, parameters, FEW, OUT, &out, &y, scratch, down, NULL);
            set(dtype, &out, k, at);
            CHECK_NEAR(get(dtype, &g, k), (up[k / OUT] - down[k / OUT]) / (2 * step), 1e-6);
        }
    }
}

static void test_sensitivities(const world *w)
{
    vector gradient = w->start;
    double value, all[N_BLOCKS];
    CHECK(hbcd_sensitivity_measure(w->dtype, -1, 0, 4, 1, 2, &w->start, &gradient, NULL, NULL, &value) == HBCD_ERR_ARGUMENT);
    CHECK(hbcd_sensitivity_measure(w->dtype, HBCD_N_SENSITIVITIES, 0, 4, 1, 2, &w->start, &gradient, NULL, NULL, &value) ==
          HBCD_ERR_ARGUMENT);
    CHECK(hbcd_sensitivity_measure(w->dtype, 0, 4, 3, 1, 2, &w->start, &gradient, NULL, NULL, &value) == HBCD_ERR_ARGUMENT);
    for (int kind = 0; kind < HBCD_N_SENSITIVITIES; kind++) {
        const hbcd_sensitivity_spec spec = {.kind = kind};
        CHECK(hbcd_net_sensitivities(w->dtype, w->net, &spec, &w->start, &gradient, &w->lo, &w->hi, all) == HBCD_OK);
        for (size_t b = 0; b < N_BLOCKS; b++) {
            size_t start, stop, n_in, n_out, layer;
            hbcd_net_block(w->dtype, w->net, b, &start, &stop, &n_in, &n_out, &layer);
            CHECK(hbcd_sensitivity_measure(w->dtype, kind, start, stop, n_in, n_out, &w->start, &gradient, &w->lo, &w->hi,
                                           &value) == HBCD_OK && value == all[b]);
        }
    }
    const hbcd_sensitivity_spec none = {.kind = HBCD_N_SENSITIVITIES};
    CHECK(hbcd_net_sensitivities(w->dtype, w->net, &none, &w->start, &gradient, NULL, NULL, all) == HBCD_ERR_ARGUMENT);
}

static void test_a_network_says_how_large_it_is(const world *w)
{
    hbcd_net_size size;
    memset(&size, RUBBISH, sizeof size);
    hbcd_net_describe(w->dtype, w->net, &size);
    CHECK(size.n_in == N_IN && size.n_out == 1 && size.n_layers == 3 && size.n_params == N_PARAMS && size.n_blocks == N_BLOCKS);
}

/* ---- rows from outside ------------------------------------------------------------------------------------------ */

typedef struct source {
    const void *arrays[3];
    size_t per_tile[3], calls, fail_at, number;
} source;

static int load(void *self, size_t first, size_t last, const void **x, const void **y, const void **w)
{
    source *s = self;
    const void **to[] = {x, y, w};
    (void)last;
    if (++s->calls == s->fail_at) return HBCD_ERR_HOOK;
    for (int k = 0; k < 3; k++)
        *to[k] = s->arrays[k] ? (const char *)s->arrays[k] + first * s->per_tile[k] * s->number : NULL;
    return HBCD_OK;
}

static void test_rows_from_outside(const world *w, int weighted)
{
    hbcd_table x = {w->x, HBCD_F64, ROWS, N_IN, N_IN * 8, 8, NULL, NULL, NULL}, y = {w->y, HBCD_F64, ROWS, 1, 8, 8, NULL, NULL, NULL};
    static double weight[ROWS];
    for (int k = 0; k < ROWS; k++) weight[k] = 1 + k % 3;
    const hbcd_table weights = {weight, HBCD_F64, ROWS, 1, 8, 8, NULL, NULL, NULL};
    void *data, *streamed, *taken;
    hbcd_arena count = {NULL, 0, 0}, short_of = {NULL, 0, 0};
    CHECK(hbcd_data_make(w->dtype, &x, &y, weighted ? &weights : NULL, NULL, 1, &count, &data) == HBCD_OK);
    memory own = borrow(count.used);
    CHECK(hbcd_data_make(w->dtype, &x, &y, weighted ? &weights : NULL, NULL, 1, &own.arena, &data) == HBCD_OK);
    source s = {.per_tile = {HBCD_TILE * N_IN, HBCD_TILE, HBCD_TILE}, .number = w->dtype == HBCD_F32 ? 4 : 8};
    size_t sizes[3], rows, all;
    double sum, expected = 0, f, g;
    hbcd_data_arrays(w->dtype, data, s.arrays, sizes);
    CHECK(sizes[0] >= ROWS * N_IN && sizes[1] >= ROWS && (sizes[2] > 0) == weighted);
    for (int k = 0; k < ROWS; k++) expected += weighted ? weight[k] : 1;
    for (s.fail_at = 0; s.fail_at < 3; s.fail_at++) {
        const hbcd_tiles tiles = {.load = load, .self = &s, .most = 1};
        s.calls = 0;
        count = short_of;
        CHECK(hbcd_data_stream(w->dtype, ROWS, N_IN, 1, weighted, &tiles, NULL, &count, &streamed) == HBCD_OK);
        memory m = borrow(count.used);
        int status = hbcd_data_stream(w->dtype, ROWS, N_IN, 1, weighted, &tiles, NULL, &m.arena, &streamed);
        CHECK(status == (weighted && s.fail_at ? HBCD_ERR_HOOK : HBCD_OK));
        if (status == HBCD_OK) {
            hbcd_data_describe(w->dtype, streamed, &rows, &all, &sum);
            CHECK(rows == ROWS && all == ROWS && sum == expected);
            count = short_of, s.calls = 0;
            CHECK(hbcd_net_loss(w->dtype, w->net, streamed, &w->start, 1, NULL, &count, &f, NULL) == HBCD_OK);
            memory room = borrow(count.used);
            status = hbcd_net_loss(w->dtype, w->net, streamed, &w->start, 1, NULL, &room.arena, &f, NULL);
            CHECK(status == (s.fail_at ? HBCD_ERR_HOOK : HBCD_OK));
            if (!s.fail_at) CHECK(f == loss_on(w, data, &w->start));
            give_back(&room);
            const uint32_t index[] = {0};
            count = short_of;
            CHECK(hbcd_data_take(w->dtype, streamed, 1, index, 1, &count, &taken) == HBCD_ERR_ARGUMENT);
        }
        give_back(&m);
    }
    const hbcd_tiles tiles = {.load = load, .self = &s, .most = 1}, none = {.load = load, .self = &s};
    const size_t shapes[][3] = {{(size_t)UINT32_MAX + 1, N_IN, 1}, {ROWS, 0, 1}, {ROWS, N_IN, 0}, {0, N_IN, 1}};
    for (int k = 0; k < 4; k++) {
        count = short_of;
        CHECK(hbcd_data_stream(w->dtype, shapes[k][0], shapes[k][1], shapes[k][2], 0, &tiles, NULL, &count, &streamed) ==
              HBCD_ERR_ARGUMENT);
    }
    count = short_of, g = 0;
    CHECK(hbcd_data_stream(w->dtype, ROWS, N_IN, 1, 0, &none, NULL, &count, &streamed) == HBCD_ERR_ARGUMENT && g == 0);
    give_back(&own);
}

int main(void)
{
    test_tables();
    test_names();
    for (int k = 0; k < 2; k++) {
        world w;
        test_activations(dtypes[k]);
        test_losses(dtypes[k]);
        open_world(&w, dtypes[k], ROWS, 0);
        test_sensitivities(&w);
        test_a_network_says_how_large_it_is(&w);
        for (int weighted = 0; weighted < 2; weighted++) test_rows_from_outside(&w, weighted);
        close_world(&w);
    }
    CHECK_DONE("test_binding");
}
