/* test_failing_parts.c: a part supplied from outside fails at each of its calls, in each call of the core: its error comes
 * back at once, and without it the next one has the same bits. */
#include "network_calls.h"

typedef struct fuse {
    int calls, fail_at; /* the call that fails, from 1; 0: none */
    int after;          /* calls behind it */
} fuse;

static int burns(fuse *f)
{
    f->calls++;
    f->after += f->fail_at && f->calls > f->fail_at;
    return f->calls == f->fail_at ? HBCD_ERR_HOOK : HBCD_OK;
}

/* a = z / (1 + |z|) */
static int soft_forward(void *self, int dtype, size_t n, const void *z, void *a)
{
    for (size_t k = 0; k < n; k++) {
        const double x = get(dtype, z, k);
        set(dtype, a, k, x / (1 + fabs(x)));
    }
    return burns(self);
}

static int soft_backward(void *self, int dtype, size_t n, const void *z, const void *a, void *g)
{
    (void)a;
    for (size_t k = 0; k < n; k++) {
        const double t = 1 + fabs(get(dtype, z, k));
        set(dtype, g, k, get(dtype, g, k) / (t * t));
    }
    return burns(self);
}

static int soft_curvature(void *self, int dtype, size_t n, const void *z, const void *a, void *g)
{
    (void)a;
    for (size_t k = 0; k < n; k++) {
        const double x = get(dtype, z, k), t = 1 + fabs(x);
        set(dtype, g, k, get(dtype, g, k) * (x < 0 ? 2 : -2) / (t * t * t));
    }
    return burns(self);
}

/* out = 2 x, no parameters. */
static int twice_forward(void *self, int dtype, size_t rows, size_t ld, const void *theta, const void *x, void *out)
{
    (void)theta;
    for (size_t c = 0; c < 5; c++)
        for (size_t r = 0; r < rows; r++) set(dtype, out, c * ld + r, 2 * get(dtype, x, c * ld + r));
    return burns(self);
}

static int twice_backward(void *self, int dtype, size_t rows, size_t ld, const void *theta, const void *x,
                          const void *out, const void *grad_out, void *grad_x, void *grad_theta)
{
    (void)theta, (void)x, (void)out, (void)grad_theta;
    for (size_t c = 0; grad_x && c < 5; c++)
        for (size_t r = 0; r < rows; r++) set(dtype, grad_x, c * ld + r, 2 * get(dtype, grad_out, c * ld + r));
    return burns(self);
}

/* (out - y)^4 / 4 */
static int quartic(void *self, int dtype, size_t rows, size_t ld, size_t outputs, const void *out, const void *target,
                   double *value, void *g)
{
    (void)outputs, (void)ld;
    for (size_t r = 0; r < rows; r++) {
        const double e = get(dtype, out, r) - get(dtype, target, r);
        value[r] = e * e * e * e / 4;
        if (g) set(dtype, g, r, e * e * e);
    }
    return burns(self);
}

enum { ACTIVATION, LAYER, LOSS, PART, N_PARTS };

static void put_part(world *w, int part, fuse *f)
{
    static hbcd_part_spec parts[] = {{.n_in = 1, .n_out = 2, .activation = HBCD_TANH},
                                     {.n_in = 1, .n_out = 2, .activation = HBCD_ACTIVATION_HOOK},
                                     {.n_in = 1, .n_out = 2, .activation = HBCD_ACTIVATION_HOOK}};
    const hbcd_activation_hook soft = {soft_forward, soft_backward, f, soft_curvature};
    give_back(&w->net_memory);
    w->spec.serial = 1;
    if (part == ACTIVATION) {
        w->layers[1].activation = HBCD_ACTIVATION_HOOK;
        w->layers[1].activation_hook = soft;
    } else if (part == PART) {
        parts[1].activation_hook = parts[2].activation_hook = soft;
        w->layers[0] = (hbcd_layer_spec){.kind = HBCD_BLOCK_DIAGONAL, .n_out = 6, .n_parts = 3, .parts = parts};
    } else if (part == LAYER) {
        w->layers[3] = w->layers[2];
        w->layers[2] = (hbcd_layer_spec){.kind = HBCD_LAYER_HOOK, .n_out = 5, .layer_hook = {twice_forward, twice_backward, f}};
        w->spec.n_layers = 4;
    } else {
        w->spec.loss = HBCD_LOSS_HOOK;
        w->spec.loss_hook = (hbcd_loss_hook){quartic, f};
    }
    make_net(w);
}

static int with_memory(const world *w, borrower call, size_t size, results *to)
{
    memory m = borrow(size);
    const int status = call(w, &m.arena, to);
    to->handle = NULL;
    give_back(&m);
    return status;
}

static int try_calls(const world *w, fuse *f)
{
    int burned = 0;
    for (int k = 0; k < N_CALLS; k++) {
        hbcd_arena count = {NULL, 0, 0};
        results *reference = untouched(), *to = untouched();
        f->fail_at = f->calls = f->after = 0;
        if (network_calls[k](w, &count, to) == HBCD_OK && with_memory(w, network_calls[k], count.used, reference) >= 0) {
            const int calls = f->calls;
            for (int at = 1; at <= calls; at++, burned++) {
                f->fail_at = at, f->calls = f->after = 0;
                CHECK(with_memory(w, network_calls[k], count.used, to) == HBCD_ERR_HOOK);
                CHECK(f->calls == at && f->after == 0);
            }
            memset(to, RUBBISH, sizeof *to);
            f->fail_at = 0;
            CHECK(with_memory(w, network_calls[k], count.used, to) >= 0);
            CHECK(memcmp(to, reference, sizeof *to) == 0);
        }
        free(reference), free(to);
    }
    return burned;
}

static int try_training(const world *w, fuse *f, hbcd_phase_spec *phase)
{
    phase->stop.max_iterations = 3;
    run *whole = new_run(), *again = new_run();
    f->fail_at = f->calls = 0;
    const int status = go(w, whole, 1, phase), calls = f->calls;
    if (status < 0) { /* this optimizer has no use for this network */
        free(whole), free(again);
        return 0;
    }
    for (int at = 1; at <= calls; at += 1 + calls / 200) {
        run *failed = new_run();
        f->fail_at = at, f->calls = f->after = 0;
        CHECK(go(w, failed, 1, phase) == HBCD_ERR_HOOK);
        CHECK(f->after == 0 && failed->report.status == HBCD_ERR_HOOK);
        free(failed);
    }
    f->fail_at = 0;
    CHECK(go(w, again, 1, phase) == status && same(w->dtype, &again->theta, &whole->theta));
    free(whole), free(again);
    return calls;
}

int main(void)
{
    for (int dtype = HBCD_F32; dtype <= HBCD_F64; dtype++)
        for (int part = 0; part < N_PARTS; part++)
            for (int held_out = 0; held_out <= 100; held_out += 100) {
                fuse f = {0, 0, 0};
                world w;
                int trained = 0;
                open_world(&w, dtype, ROWS, (size_t)held_out);
                put_part(&w, part, &f);
                CHECK(try_calls(&w, &f) > 0);
                for (int optimizer = 0; part != PART && optimizer < HBCD_N_OPTIMIZERS; optimizer++) { /* it trains as one of a layer does */
                    hbcd_phase_spec phase = phase_of(&w, optimizer, -1);
                    trained += try_training(&w, &f, &phase);
                    phase = batches_of(&w, optimizer, HBCD_MOST_SENSITIVE, 100, 1);
                    trained += try_training(&w, &f, &phase);
                }
                CHECK(part == PART || trained > 100);
                close_world(&w);
            }
    CHECK_DONE("test_failing_parts");
}
