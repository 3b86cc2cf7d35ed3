/* test_base.c: laws of the arena, the random numbers, the stopping tests and the status texts. */
#include "check.h"
#include "hbcd.h"

/* ---- arena ---- */

/* The same takes, whatever the arena. */
static void take_some(hbcd_arena *arena, void *pieces[4])
{
    pieces[0] = hbcd_arena_take(arena, 3, sizeof(double));
    pieces[1] = hbcd_arena_take(arena, 0, sizeof(double));
    pieces[2] = hbcd_arena_take(arena, 65, 1);
    pieces[3] = hbcd_arena_take(arena, 1, 1);
}

static void test_measuring_and_carving_agree(void)
{
    void *pieces[4];
    hbcd_arena count = {NULL, 0, 0};
    take_some(&count, pieces);
    CHECK(hbcd_arena_check(&count) == HBCD_OK);
    CHECK(count.used == 4 * HBCD_ALIGN);
    for (int i = 0; i < 4; i++) CHECK(pieces[i] == NULL);

    static _Alignas(HBCD_ALIGN) unsigned char base[4 * HBCD_ALIGN];
    hbcd_arena real = {base, sizeof base, 0};
    take_some(&real, pieces);
    CHECK(hbcd_arena_check(&real) == HBCD_OK);
    CHECK(real.used == count.used);
    for (int i = 0; i < 4; i++) CHECK((uintptr_t)pieces[i] % HBCD_ALIGN == 0);
    memset(pieces[0], 1, 3 * sizeof(double)); /* the pieces are inside the memory (address sanitizer) */
    memset(pieces[2], 2, 65);
    memset(pieces[3], 3, 1);
    CHECK(*(unsigned char *)pieces[0] == 1 && *(unsigned char *)pieces[2] == 2);

    hbcd_arena small = {base, sizeof base - 1, 0};
    take_some(&small, pieces);
    CHECK(pieces[3] == NULL);
    CHECK(small.used == count.used);
    CHECK(hbcd_arena_check(&small) == HBCD_ERR_MEMORY);
}

static void test_overflow_makes_the_check_fail(void)
{
    static unsigned char byte[HBCD_ALIGN];
    const size_t wild[][2] = {{SIZE_MAX, 1}, {SIZE_MAX / 2, 3}, {SIZE_MAX / 8 + 1, 8}, {1, SIZE_MAX},
                              {SIZE_MAX, SIZE_MAX}};
    for (size_t i = 0; i < sizeof wild / sizeof *wild; i++) {
        hbcd_arena count = {NULL, 0, 0}, real = {byte, sizeof byte, 0};
        CHECK(hbcd_arena_take(&count, wild[i][0], wild[i][1]) == NULL);
        CHECK(hbcd_arena_check(&count) == HBCD_ERR_MEMORY);
        CHECK(hbcd_arena_take(&real, wild[i][0], wild[i][1]) == NULL);
        CHECK(hbcd_arena_take(&real, 1, 1) == NULL); /* it stays full */
        CHECK(hbcd_arena_check(&real) == HBCD_ERR_MEMORY);
    }
    hbcd_arena count = {NULL, 0, 0}; /* the sum overflows, not a product */
    for (int i = 0; i < 3; i++) hbcd_arena_take(&count, SIZE_MAX / 2 - HBCD_ALIGN, 1);
    CHECK(hbcd_arena_check(&count) == HBCD_ERR_MEMORY);
}

/* ---- random numbers ---- */

/* Known answers of Philox4x32-10 published with the Random123 library (file kat_vectors). */
static void test_philox_known_answers(void)
{
    hbcd_rng rng;
    hbcd_rng_seed(&rng, 0, 0);
    CHECK(hbcd_rng_u64(&rng) == UINT64_C(0xe169c58d6627e8d5));
    CHECK(hbcd_rng_u64(&rng) == UINT64_C(0x9b00dbd8bc57ac4c));
    hbcd_rng_seed(&rng, UINT64_MAX, UINT64_MAX);
    rng.counter = UINT64_MAX;
    CHECK(hbcd_rng_u64(&rng) == UINT64_C(0x41c83b0e408f276d));
    CHECK(hbcd_rng_u64(&rng) == UINT64_C(0x6d5451fda20bc7c6));
    /* counter 243f6a88 85a308d3 13198a2e 03707344, key a4093822 299f31d0 */
    hbcd_rng_seed(&rng, UINT64_C(0x299f31d0a4093822), UINT64_C(0x0370734413198a2e));
    rng.counter = UINT64_C(0x85a308d3243f6a88);
    CHECK(hbcd_rng_u64(&rng) == UINT64_C(0x94fdccebd16cfe09));
    CHECK(hbcd_rng_u64(&rng) == UINT64_C(0x24126ea15001e420));
}

static void test_uniform_is_inside_the_open_interval(void)
{
    enum { N = 200000 };
    hbcd_rng rng;
    hbcd_rng_seed(&rng, 1, 2);
    double sum = 0.0, least = 1.0, most = 0.0;
    for (int i = 0; i < N; i++) {
        double u = hbcd_rng_uniform(&rng);
        sum += u;
        least = fmin(least, u);
        most = fmax(most, u);
    }
    CHECK(least > 0.0 && most < 1.0 && least < 1e-4 && most > 1.0 - 1e-4);
    CHECK_NEAR(sum / N, 0.5, 4.0 * sqrt(1.0 / 12.0 / N)); /* four standard errors */
    /* The extreme words: all zero and all one, put where the next number comes from. */
    rng = (hbcd_rng){.left = 2};
    CHECK(hbcd_rng_uniform(&rng) == 0x1p-54);
    rng = (hbcd_rng){.block = {0, 0, UINT32_MAX, UINT32_MAX}, .left = 2};
    CHECK(hbcd_rng_uniform(&rng) == 1.0 - 0x1p-53);
}

static void test_normal_has_the_moments_and_tails(void)
{
    enum { N = 400000 };
    hbcd_rng rng;
    hbcd_rng_seed(&rng, 3, 4);
    double m1 = 0.0, m2 = 0.0, m3 = 0.0, m4 = 0.0;
    int beyond_3 = 0;
    for (int i = 0; i < N; i++) {
        double z = hbcd_rng_normal(&rng);
        m1 += z, m2 += z * z, m3 += z * z * z, m4 += z * z * z * z;
        beyond_3 += fabs(z) > 3.0;
    }
    /* Four standard errors: variances of z, z^2, z^3, z^4 are 1, 2, 15, 96. */
    CHECK_NEAR(m1 / N, 0.0, 4.0 * sqrt(1.0 / N));
    CHECK_NEAR(m2 / N, 1.0, 4.0 * sqrt(2.0 / N));
    CHECK_NEAR(m3 / N, 0.0, 4.0 * sqrt(15.0 / N));
    CHECK(fabs(m4 / N - 3.0) <= 4.0 * sqrt(96.0 / N));
    CHECK(fabs(beyond_3 - 0.0026998 * N) <= 4.0 * sqrt(0.0026998 * N));
}

/* Drawn together or one by one: the same numbers, and the same state after them. */
static void test_many_normals_are_those_drawn_one_by_one(void)
{
    const size_t sizes[] = {0, 1, 63, 64, 65, 281, 1000};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        double z[1000];
        hbcd_rng one, many;
        hbcd_rng_seed(&one, 5, k);
        many = one;
        hbcd_rng_normals(&many, sizes[k], z);
        for (size_t i = 0; i < sizes[k]; i++) CHECK(z[i] == hbcd_rng_normal(&one));
        CHECK(hbcd_rng_u64(&one) == hbcd_rng_u64(&many));
    }
}

/* One uniform makes one normal number z with Phi(z) = u, in the middle and in both tails. */
static void test_normal_inverts_the_distribution_function(void)
{
    const uint32_t high[] = {0, 1, 0x100, 0x10000, 0x1000000, 0x10000000, 0x13333333, 0x14000000, 0x80000000u,
                             0xc0000000u, 0xed000000u, 0xfffff000u, UINT32_MAX};
    for (size_t i = 0; i < sizeof high / sizeof *high; i++) {
        hbcd_rng rng = {.block = {0, 0, 0x1000, high[i]}, .left = 2}, same = rng;
        double u = hbcd_rng_uniform(&rng), z = hbcd_rng_normal(&same);
        CHECK(same.left == 0);
        /* d log Phi / dz is about -z in the tail, so rounding of z is amplified by |z|^2 <= 70. */
        double back = u < 0.5 ? 0.5 * erfc(-z * sqrt(0.5)) / u : 0.5 * erfc(z * sqrt(0.5)) / (1.0 - u);
        CHECK_NEAR(back, 1.0, 5e-14);
    }
}

static void test_below_is_in_range_and_even(void)
{
    enum { N = 70000, SIDES = 7 };
    hbcd_rng rng;
    hbcd_rng_seed(&rng, 5, 6);
    int count[SIDES] = {0};
    for (int i = 0; i < N; i++) {
        uint64_t k = hbcd_rng_below(&rng, SIDES);
        CHECK(k < SIDES);
        if (k < SIDES) count[k]++;
    }
    for (int k = 0; k < SIDES; k++) CHECK(abs(count[k] - N / SIDES) < 4 * 93); /* sqrt(N p (1 - p)) = 93 */
    for (int i = 0; i < 100; i++) CHECK(hbcd_rng_below(&rng, 1) == 0);
    /* n = 3/4 2^64: without refusing words the first third would be drawn half of the time. */
    const uint64_t n = UINT64_C(3) << 62;
    int low = 0;
    for (int i = 0; i < 10000; i++) {
        uint64_t k = hbcd_rng_below(&rng, n);
        CHECK(k < n);
        low += k < n / 3;
    }
    CHECK(abs(low - 3333) < 4 * 47);
}

static void test_shuffle_is_a_permutation(void)
{
    enum { N = 1000 };
    uint32_t order[N] = {0};
    unsigned char seen[N] = {0};
    hbcd_rng rng;
    hbcd_rng_seed(&rng, 7, 8);
    for (uint32_t i = 0; i < N; i++) order[i] = i;
    hbcd_rng_shuffle(&rng, N, order);
    int fixed = 0;
    for (uint32_t i = 0; i < N; i++) {
        CHECK(order[i] < N && !seen[order[i]]);
        seen[order[i]] = 1;
        fixed += order[i] == i;
    }
    CHECK(fixed < 10); /* Poisson with mean 1 */
    hbcd_rng_shuffle(&rng, 0, order);
    hbcd_rng before = rng;
    hbcd_rng_shuffle(&rng, 1, order);
    CHECK(memcmp(&before, &rng, sizeof rng) == 0);
    /* All six orders of three are about equally frequent. */
    int count[27] = {0};
    for (int i = 0; i < 6000; i++) {
        uint32_t three[3] = {0, 1, 2};
        hbcd_rng_shuffle(&rng, 3, three);
        count[9 * three[0] + 3 * three[1] + three[2]]++;
    }
    for (int i = 0; i < 27; i++) CHECK(count[i] == 0 || abs(count[i] - 1000) < 4 * 29);
}

static void test_generators_do_not_disturb_each_other(void)
{
    enum { N = 101 };
    hbcd_rng a, b, c, d;
    uint64_t first[N], second[N];
    hbcd_rng_seed(&a, 9, 0);
    hbcd_rng_seed(&b, 9, 1);
    for (int i = 0; i < N; i++) first[i] = hbcd_rng_u64(&a);
    for (int i = 0; i < N; i++) second[i] = hbcd_rng_u64(&b);
    hbcd_rng_seed(&c, 9, 0);
    hbcd_rng_seed(&d, 9, 1);
    int equal = 0;
    for (int i = 0; i < N; i++) {
        CHECK(hbcd_rng_u64(&c) == first[i]);
        CHECK(hbcd_rng_u64(&d) == second[i]);
        equal += first[i] == second[i];
    }
    CHECK(equal == 0);
}

/* ---- stopping ---- */

typedef struct calls {
    int polls, iterations, answer;
    size_t n;
    double f, seconds;
} calls;

static int count_poll(void *self, const hbcd_progress *progress)
{
    calls *c = self;
    c->polls++;
    c->seconds = progress->seconds;
    return c->answer;
}

static int count_iteration(void *self, size_t n, const void *x, double f)
{
    calls *c = self;
    (void)x;
    c->iterations++;
    c->n = n;
    c->f = f;
    return c->answer;
}

static void test_watch_polls_at_intervals_and_keeps_the_deadline(void)
{
    hbcd_watch watch;
    calls c = {.answer = 0};
    CHECK(hbcd_watch_tick(NULL) == HBCD_OK);
    hbcd_watch_start(&watch, INFINITY);
    CHECK(hbcd_watch_tick(&watch) == HBCD_OK);
    CHECK(watch.interval == 0.05 && watch.progress.block == -1);
    watch.poll = count_poll;
    watch.self = &c;
    watch.interval = 3600.0;
    for (int i = 0; i < 100; i++) CHECK(hbcd_watch_tick(&watch) == HBCD_OK);
    CHECK(c.polls == 0);
    watch.started -= 10.0;
    watch.interval = 0.0;
    CHECK(hbcd_watch_tick(&watch) == HBCD_OK);
    CHECK(c.polls == 1 && c.seconds >= 10.0 && c.seconds < 20.0); /* time is brought up to date before the poll */
    c.answer = HBCD_STOP_INTERRUPTED;
    CHECK(hbcd_watch_tick(&watch) == HBCD_STOP_INTERRUPTED);
    c.answer = HBCD_ERR_HOOK;
    CHECK(hbcd_watch_tick(&watch) == HBCD_ERR_HOOK);
    hbcd_watch_start(&watch, 0.0);
    CHECK(hbcd_watch_tick(&watch) == HBCD_STOP_TIME);
    double before = hbcd_clock();
    CHECK(hbcd_clock() >= before);
}

static int one_test(const hbcd_stop *stop, double f_old, double f_new, double pg, size_t evaluations)
{
    hbcd_report report;
    double x = 0.0;
    hbcd_report_start(&report);
    report.n_evaluations = evaluations;
    int status = hbcd_stop_test(stop, &report, f_old, f_new, pg, 1, &x);
    CHECK(report.n_iterations == 1);
    return status;
}

static void test_every_stopping_test_has_its_code(void)
{
    hbcd_stop stop;
    hbcd_stop_default(&stop);
    CHECK(one_test(&stop, 2.0, 1.0, 1.0, 1000) == HBCD_OK);
    CHECK(one_test(&stop, 2.0, 1.0, 1e-5, 1) == HBCD_STOP_GRADIENT);
    CHECK(one_test(&stop, 2.0, 1.0, NAN, 1) == HBCD_OK);
    CHECK(one_test(&stop, 1.0, 1.0 - 1e-9, 1.0, 1) == HBCD_STOP_DECREASE);
    CHECK(one_test(&stop, 1e9, 1e9 - 1.0, 1.0, 1) == HBCD_STOP_DECREASE); /* relative above 1 */
    CHECK(one_test(&stop, 1e9, 1e9 - 2.0, 1.0, 1) == HBCD_OK);
    CHECK(one_test(&stop, NAN, 1.0, 1.0, 1) == HBCD_OK);
    CHECK(one_test(&stop, 2.0, NAN, NAN, 1) == HBCD_OK);           /* value not known */
    CHECK(one_test(&stop, 2.0, INFINITY, INFINITY, 1) == HBCD_STOP_NOT_FINITE);
    CHECK(one_test(&stop, NAN, INFINITY, NAN, 1) == HBCD_OK);      /* a search that has no value yet */
    CHECK(one_test(&stop, 1.0, -1e300, 1.0, 1) == HBCD_OK);        /* no target */
    stop.f_tol = -1.0;
    CHECK(one_test(&stop, 1.0, 1.0, 1.0, 1) == HBCD_OK);
    CHECK(one_test(&stop, -5.0, 5.0, 1.0, 1) == HBCD_OK); /* uphill, relative change 2 */
    stop.target = 0.5;
    CHECK(one_test(&stop, 1.0, 0.5, 0.0, 1) == HBCD_STOP_TARGET); /* before the gradient */
    stop.max_evaluations = 10;
    CHECK(one_test(&stop, 2.0, 1.0, 1.0, 9) == HBCD_OK);
    CHECK(one_test(&stop, 2.0, 1.0, 1.0, 10) == HBCD_STOP_EVALUATIONS);
    stop.max_iterations = 1;
    CHECK(one_test(&stop, 2.0, 1.0, 1.0, 10) == HBCD_STOP_ITERATIONS); /* before the evaluations */
    CHECK(one_test(&stop, 2.0, 1.0, 0.0, 10) == HBCD_STOP_GRADIENT);
}

static void test_watch_takes_part_in_the_stopping_test(void)
{
    hbcd_stop stop;
    hbcd_watch watch;
    calls c = {.answer = 0};
    hbcd_stop_default(&stop);
    hbcd_watch_start(&watch, 0.0);
    stop.watch = &watch;
    CHECK(one_test(&stop, 2.0, 1.0, 1.0, 1) == HBCD_STOP_TIME);
    CHECK(one_test(&stop, 2.0, 1.0, 0.0, 1) == HBCD_STOP_GRADIENT); /* a result goes before the clock */
    hbcd_watch_start(&watch, INFINITY);
    watch.iteration = count_iteration;
    watch.self = &c;
    CHECK(one_test(&stop, 2.0, 1.5, 1.0, 1) == HBCD_OK);
    CHECK(c.iterations == 1 && c.n == 1 && c.f == 1.5);
    c.answer = HBCD_STOP_CALLBACK;
    CHECK(one_test(&stop, 2.0, 1.0, 0.0, 1) == HBCD_STOP_CALLBACK);
    c.answer = HBCD_ERR_HOOK;
    CHECK(one_test(&stop, 2.0, 1.0, 0.0, 1) == HBCD_ERR_HOOK);
}

static void test_start_point_is_tested_too(void)
{
    hbcd_stop stop;
    hbcd_report report;
    hbcd_stop_default(&stop);
    hbcd_report_start(&report);
    CHECK(report.n_iterations == 0 && isnan(report.f) && isnan(report.f_start) && isnan(report.pg));
    CHECK(hbcd_stop_start(&stop, &report, 3.0, 2.0) == HBCD_OK);
    CHECK(report.f == 3.0 && report.f_start == 3.0 && report.pg == 2.0 && report.n_iterations == 0);
    CHECK(hbcd_stop_start(&stop, &report, 3.0, 0.0) == HBCD_STOP_GRADIENT);
    CHECK(hbcd_stop_start(&stop, &report, INFINITY, INFINITY) == HBCD_STOP_NOT_FINITE);
    CHECK(hbcd_stop_start(&stop, &report, INFINITY, NAN) == HBCD_OK);
    stop.max_iterations = 0;
    CHECK(hbcd_stop_start(&stop, &report, 3.0, 2.0) == HBCD_STOP_ITERATIONS);
    stop.target = 3.0;
    CHECK(hbcd_stop_start(&stop, &report, 3.0, 2.0) == HBCD_STOP_TARGET);
}

/* ---- status ---- */

static void test_every_status_has_a_text_of_its_own(void)
{
    const char *unknown = hbcd_status_text(12345);
    CHECK(unknown != NULL);
    for (int a = HBCD_ERR_BOUNDS; a <= HBCD_STOP_NOT_FINITE; a++) {
        const char *text = hbcd_status_text(a);
        CHECK(text != NULL && strlen(text) > 10 && strcmp(text, unknown) != 0);
        for (int b = HBCD_ERR_BOUNDS; b < a; b++) CHECK(strcmp(text, hbcd_status_text(b)) != 0);
    }
}

int main(void)
{
    test_measuring_and_carving_agree();
    test_overflow_makes_the_check_fail();
    test_philox_known_answers();
    test_uniform_is_inside_the_open_interval();
    test_normal_has_the_moments_and_tails();
    test_many_normals_are_those_drawn_one_by_one();
    test_normal_inverts_the_distribution_function();
    test_below_is_in_range_and_even();
    test_shuffle_is_a_permutation();
    test_generators_do_not_disturb_each_other();
    test_watch_polls_at_intervals_and_keeps_the_deadline();
    test_every_stopping_test_has_its_code();
    test_watch_takes_part_in_the_stopping_test();
    test_start_point_is_tested_too();
    test_every_status_has_a_text_of_its_own();
    CHECK_DONE("test_base");
}
