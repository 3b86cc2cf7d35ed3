/* network_calls.h: every call on a network that borrows memory, in one form, for tests of what happens when it fails. */
#ifndef NETWORK_CALLS_H
#define NETWORK_CALLS_H

#include "train_world.h"

enum { MOST_NUMBERS = 40000, ROWS = 300, FEW = 5 };

typedef struct results {
    double f;
    unsigned char bytes[MOST_NUMBERS * sizeof(double)]; /* whatever a call writes */
    void *handle;
} results;

typedef int (*borrower)(const world *w, hbcd_arena *arena, results *to);

static inline hbcd_table columns(double *at, size_t rows, size_t cols)
{
    return (hbcd_table){at, HBCD_F64, rows, cols, (ptrdiff_t)(cols * sizeof *at), sizeof *at, NULL, NULL, NULL};
}

static inline double *doubles(results *to) { return (double *)(void *)to->bytes; }

static inline int make_a_net(const world *w, hbcd_arena *arena, results *to)
{
    return hbcd_net_make(w->dtype, &w->spec, arena, &to->handle);
}

static inline int make_data_of_rows(const world *w, hbcd_arena *arena, results *to)
{
    const hbcd_table x = columns(w->x, ROWS, N_IN), y = columns(w->y, ROWS, 1);
    return hbcd_data_make(w->dtype, &x, &y, &y, NULL, 1, arena, &to->handle);
}

static inline int take_rows(const world *w, hbcd_arena *arena, results *to)
{
    static const uint32_t index[] = {7, 0, 299, 7, 255};
    return hbcd_data_take(w->dtype, w->data, FEW, index, 1, arena, &to->handle);
}

static inline int load_no_tiles(void *self, size_t first, size_t last, const void **x, const void **y, const void **w)
{
    (void)self, (void)first, (void)last, (void)x, (void)y, (void)w;
    return HBCD_ERR_HOOK;
}

static inline int stream_rows(const world *w, hbcd_arena *arena, results *to)
{
    static const hbcd_tiles tiles = {.load = load_no_tiles, .most = 4};
    return hbcd_data_stream(w->dtype, ROWS, N_IN, 1, 0, &tiles, NULL, arena, &to->handle);
}

static inline int loss(const world *w, hbcd_arena *arena, results *to)
{
    return hbcd_net_loss(w->dtype, w->net, w->data, &w->start, 1, NULL, arena, &to->f, to->bytes);
}

static inline int normal(const world *w, hbcd_arena *arena, results *to)
{
    double *numbers = doubles(to);
    return hbcd_net_normal(w->dtype, w->net, w->data, &w->start, -1, 1, NULL, arena, &to->f, numbers, numbers + N_PARAMS);
}

static inline int linearize(const world *w, hbcd_arena *arena, results *to)
{
    double *outputs = doubles(to), *targets = outputs + (N_IN + 12) * ROWS, *jacobian = targets + 3 * ROWS;
    return hbcd_net_linearize(w->dtype, w->net, w->data, &w->start, 1, NULL, arena, outputs, targets, jacobian);
}

static inline int predict_rows(const world *w, size_t rows, hbcd_arena *arena, results *to)
{
    const hbcd_table x = columns(w->x, rows, N_IN), out = columns(doubles(to), rows, 1);
    return hbcd_net_predict(w->dtype, w->net, &x, &w->start, 1, NULL, arena, &out);
}

static inline int predict(const world *w, hbcd_arena *arena, results *to) { return predict_rows(w, ROWS, arena, to); }
static inline int predict_one(const world *w, hbcd_arena *arena, results *to) { return predict_rows(w, 1, arena, to); }

static inline int pullback(const world *w, hbcd_arena *arena, results *to)
{
    const hbcd_table x = columns(w->x, ROWS, N_IN), y = columns(w->y, ROWS, 1);
    const hbcd_table grad_x = columns(doubles(to) + N_PARAMS, ROWS, N_IN);
    return hbcd_net_pullback(w->dtype, w->net, &x, &w->start, &y, arena, &grad_x, doubles(to));
}

static inline int jacobian_in(const world *w, int in_theta, hbcd_arena *arena, results *to)
{
    const hbcd_table x = columns(w->x, ROWS, N_IN), out = columns(doubles(to), ROWS, 1);
    const hbcd_table jacobian = columns(doubles(to) + ROWS, ROWS, in_theta ? N_PARAMS : N_IN);
    return hbcd_net_jacobian(w->dtype, w->net, &x, &w->start, in_theta, 1, NULL, arena, &out, &jacobian);
}

static inline int jacobian(const world *w, hbcd_arena *arena, results *to) { return jacobian_in(w, 0, arena, to); }
static inline int jacobian_theta(const world *w, hbcd_arena *arena, results *to) { return jacobian_in(w, 1, arena, to); }

static inline int hessian(const world *w, hbcd_arena *arena, results *to)
{
    const hbcd_table x = columns(w->x, ROWS, N_IN), hessian = columns(doubles(to), ROWS, N_IN * N_IN);
    return hbcd_net_hessian(w->dtype, w->net, &x, &w->start, NULL, 1, NULL, arena, &hessian);
}

static inline results *untouched(void)
{
    results *made = malloc(sizeof *made);
    if (!made) abort();
    memset(made, RUBBISH, sizeof *made);
    return made;
}

static inline size_t measure(const world *w, borrower call)
{
    results *to = untouched(), *same = untouched();
    hbcd_arena count = {NULL, 0, 0};
    CHECK(call(w, &count, to) == HBCD_OK);
    CHECK(memcmp(to->bytes, same->bytes, sizeof to->bytes) == 0);
    CHECK(memcmp(&to->f, &same->f, sizeof to->f) == 0);
    free(to), free(same);
    return count.used;
}

/* With enough memory; what it wrote. */
static inline results *whole(const world *w, borrower call, size_t size)
{
    results *to = untouched();
    memory m = borrow(size);
    CHECK(call(w, &m.arena, to) >= HBCD_OK);
    to->handle = NULL; /* it pointed into the memory */
    give_back(&m);
    return to;
}

enum { N_CALLS = 13 };

static const borrower network_calls[N_CALLS] = {make_a_net, make_data_of_rows, take_rows, stream_rows, loss, normal,
                                                linearize, predict, predict_one, pullback, jacobian, jacobian_theta,
                                                hessian};

#endif
