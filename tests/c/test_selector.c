/* test_selector.c: laws of the rules that choose a block, and hand values of the measures of sensitivity. */
#include "check.h"
#include "network/net.h"

enum { MAX_BLOCKS = 8 };

/* What the training loop keeps for a selector. */
typedef struct session {
    hbcd_block_state about;
    double sensitivity[MAX_BLOCKS];
    size_t last_visit[MAX_BLOCKS];
    size_t count[MAX_BLOCKS];
    hbcd_rng rng;
} session;

static void begin(session *s, size_t n_blocks)
{
    memset(s, 0, sizeof *s);
    hbcd_rng_seed(&s->rng, 11, 0);
    s->about = (hbcd_block_state){.n_blocks = n_blocks, .sensitivity = s->sensitivity, .last_visit = s->last_visit,
                             .tolerance = 1e-4, .last = -1, .rng = &s->rng};
}

/* One visit; the block, or the error. */
static int visit_by(const hbcd_selector *row, session *s)
{
    int block = -1;
    int status = row->next(row->self, &s->about, &block);
    if (status < 0) return status;
    CHECK(block >= 0 && (size_t)block < s->about.n_blocks);
    if (block < 0 || (size_t)block >= s->about.n_blocks) return block;
    s->about.repeats = block == s->about.last ? s->about.repeats + 1 : 1;
    s->about.last = block;
    s->last_visit[block] = ++s->about.step;
    s->count[block]++;
    return block;
}

static int visit(int kind, session *s) { return visit_by(hbcd_selector_row(kind), s); }

static void test_every_rule_has_a_row(void)
{
    for (int kind = 0; kind < HBCD_N_SELECTORS; kind++) {
        const hbcd_selector *row = hbcd_selector_row(kind);
        CHECK(row && row->name && row->next);
        for (int other = 0; other < kind; other++) CHECK(strcmp(row->name, hbcd_selector_row(other)->name) != 0);
    }
    CHECK(hbcd_selector_row(-1) == NULL && hbcd_selector_row(HBCD_N_SELECTORS) == NULL);
}

static void test_every_rule_works_on_any_number_of_blocks(void)
{
    for (int kind = 0; kind < HBCD_N_SELECTORS; kind++) {
        session s;
        begin(&s, 0);
        CHECK(visit(kind, &s) == HBCD_ERR_ARGUMENT);
        begin(&s, 1);
        for (int i = 0; i < 10; i++) CHECK(visit(kind, &s) == 0);
        for (size_t n = 2; n <= MAX_BLOCKS; n++) {
            begin(&s, n);
            for (int i = 0; i < 200; i++) visit(kind, &s);
            for (size_t b = 0; b < n; b++) CHECK(s.count[b] > 0); /* all equally sensitive: none is forgotten */
        }
    }
}

/* What a rule does not read may be missing. */
static void test_what_a_rule_needs(void)
{
    for (int kind = 0; kind < HBCD_N_SELECTORS; kind++) {
        const int greedy = kind == HBCD_MOST_SENSITIVE || kind == HBCD_LIPSCHITZ_WEIGHTED || kind == HBCD_PER_OPERATION;
        session s;
        begin(&s, 3);
        s.about.sensitivity = NULL;
        CHECK(greedy ? visit(kind, &s) == HBCD_ERR_ARGUMENT : visit(kind, &s) >= 0);
        begin(&s, 3);
        s.about.last_visit = NULL;
        if (greedy) CHECK(visit(kind, &s) == HBCD_ERR_ARGUMENT);
        begin(&s, 3);
        s.about.rng = NULL;
        CHECK((visit(kind, &s) == HBCD_ERR_ARGUMENT) == (kind == HBCD_RANDOM_BLOCK));
    }
}

static void test_most_sensitive_goes_by_magnitude(void)
{
    session s;
    begin(&s, 3);
    s.sensitivity[0] = 1.0, s.sensitivity[1] = -5.0, s.sensitivity[2] = 2.0;
    CHECK(visit(HBCD_MOST_SENSITIVE, &s) == 1);
    s.sensitivity[2] = INFINITY;
    CHECK(visit(HBCD_MOST_SENSITIVE, &s) == 2);
}

/* Curvature and cost turn the order of the gradients around; a block nothing is known of comes first. */
static void test_what_visits_taught_decides(void)
{
    session s;
    hbcd_block_statistics statistics[3] = {{1.0, 0.01, 1.0, 100.0}, {3.0, 1.0, 1.0, 1000.0}, {2.0, 1.0, 1.0, 100.0}};
    begin(&s, 3);
    s.sensitivity[1] = 9.0;
    CHECK(visit(HBCD_LIPSCHITZ_WEIGHTED, &s) == 1 && visit(HBCD_PER_OPERATION, &s) == 1); /* nothing known */
    begin(&s, 3);
    s.about.statistics = statistics;
    for (size_t b = 0; b < 3; b++) s.last_visit[b] = b + 1;
    CHECK(visit(HBCD_LIPSCHITZ_WEIGHTED, &s) == 0); /* 10, 3, 2 */
    s.about.repeats = 0;
    CHECK(visit(HBCD_PER_OPERATION, &s) == 2); /* 0.01, 0.009, 0.04 */
    statistics[1].curvature = statistics[1].gain = NAN;
    s.about.repeats = 0;
    CHECK(visit(HBCD_LIPSCHITZ_WEIGHTED, &s) == 0); /* visited, and told nothing */
    s.last_visit[1] = 0;
    s.about.repeats = 0;
    CHECK(visit(HBCD_LIPSCHITZ_WEIGHTED, &s) == 1);
    s.last_visit[1] = 0;
    CHECK(visit(HBCD_PER_OPERATION, &s) == 1);
}

static void test_most_sensitive_stays_twice_at_most(void)
{
    session s;
    begin(&s, 3);
    s.sensitivity[0] = 1.0, s.sensitivity[1] = 9.0, s.sensitivity[2] = 2.0;
    const int expected[] = {1, 1, 2, 1, 1, 2, 1, 1, 2};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        CHECK(visit(HBCD_MOST_SENSITIVE, &s) == expected[i]);
    begin(&s, 1);
    s.sensitivity[0] = 1.0;
    for (int i = 0; i < 5; i++) CHECK(visit(HBCD_MOST_SENSITIVE, &s) == 0);
}

/* The limit stands in `self` of a copy of the row; every greedy rule reads it, and the table keeps its default. */
static void test_a_greedy_rule_keeps_the_limit_it_is_given(void)
{
    const int greedy[] = {HBCD_MOST_SENSITIVE, HBCD_LIPSCHITZ_WEIGHTED, HBCD_PER_OPERATION};
    const size_t limits[] = {1, 2, 3, 5, SIZE_MAX};
    for (size_t k = 0; k < sizeof greedy / sizeof *greedy; k++)
        for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
            session s;
            begin(&s, 3);
            hbcd_greedy options = {limits[i]};
            hbcd_selector rule = *hbcd_selector_row(greedy[k]);
            rule.self = &options;
            s.sensitivity[0] = 1.0, s.sensitivity[1] = 9.0, s.sensitivity[2] = 2.0;
            for (size_t step = 0; step < 12; step++)
                CHECK(visit_by(&rule, &s) == (step % (limits[i] == SIZE_MAX ? 99 : limits[i] + 1) == limits[i] ? 2 : 1));
            options.max_repeats = 0;
            CHECK(visit_by(&rule, &s) == HBCD_ERR_ARGUMENT);
            begin(&s, 3);
            s.sensitivity[1] = 9.0;
            CHECK(visit(greedy[k], &s) == 1 && visit(greedy[k], &s) == 1 && visit(greedy[k], &s) != 1);
        }
}

static void test_most_sensitive_breaks_ties_by_age(void)
{
    session s;
    begin(&s, 4);
    for (int b = 0; b < 4; b++) s.sensitivity[b] = b % 2 ? 3.0 : -3.0;
    s.last_visit[0] = 4, s.last_visit[1] = 2, s.last_visit[2] = 1, s.last_visit[3] = 3;
    s.about.step = 4;
    const int expected[] = {2, 1, 3, 0, 2};
    for (int i = 0; i < 5; i++) CHECK(visit(HBCD_MOST_SENSITIVE, &s) == expected[i]);
}

static void test_most_sensitive_avoids_nan(void)
{
    session s;
    begin(&s, 3);
    s.sensitivity[0] = NAN, s.sensitivity[1] = 0.0, s.sensitivity[2] = NAN;
    for (int i = 0; i < 5; i++) CHECK(visit(HBCD_MOST_SENSITIVE, &s) == 1);
    s.sensitivity[1] = NAN; /* nothing known: in turn, the oldest first */
    const int expected[] = {0, 2, 1, 0, 2, 1};
    for (int i = 0; i < 6; i++) CHECK(visit(HBCD_MOST_SENSITIVE, &s) == expected[i]);
}

static void test_random_is_even_over_blocks_that_have_not_converged(void)
{
    session s;
    begin(&s, 5);
    const double sensitivity[] = {1e-4, 1.0, NAN, -2.0, 3.0};
    memcpy(s.sensitivity, sensitivity, sizeof sensitivity);
    for (int i = 0; i < 3000; i++) visit(HBCD_RANDOM_BLOCK, &s);
    CHECK(s.count[0] == 0 && s.count[2] == 0); /* at the tolerance is converged */
    const int active[] = {1, 3, 4};
    for (int i = 0; i < 3; i++) CHECK(abs((int)s.count[active[i]] - 1000) < 4 * 26); /* sqrt(3000 / 3 * 2 / 3) = 26 */
    begin(&s, 4); /* all converged: all take part */
    for (int i = 0; i < 4000; i++) visit(HBCD_RANDOM_BLOCK, &s);
    for (int b = 0; b < 4; b++) CHECK(abs((int)s.count[b] - 1000) < 4 * 28);
}

static void test_sequences(void)
{
    session f, p, b;
    begin(&f, 3), begin(&p, 3), begin(&b, 3);
    const int ping_pong[] = {0, 1, 2, 1};
    for (int i = 0; i < 12; i++) {
        CHECK(visit(HBCD_FORWARD, &f) == i % 3);
        CHECK(visit(HBCD_PING_PONG, &p) == ping_pong[i % 4]);
        CHECK(visit(HBCD_BACKWARD, &b) == 2 - i % 3);
    }
}

/* Four layers: the ends are visited half as often as the middle. */
static void test_ping_pong_visits_the_ends_half_as_often(void)
{
    session s;
    begin(&s, 4);
    for (int i = 0; i < 1500; i++) visit(HBCD_PING_PONG, &s);
    CHECK(s.count[0] == 250 && s.count[1] == 500 && s.count[2] == 500 && s.count[3] == 250);
}

#define HBCD_EACH "../../tests/c/test_sensitivity.inl"
#include "hbcd_each_real.h"

int main(void)
{
    test_every_rule_has_a_row();
    test_every_rule_works_on_any_number_of_blocks();
    test_what_a_rule_needs();
    test_most_sensitive_goes_by_magnitude();
    test_what_visits_taught_decides();
    test_most_sensitive_stays_twice_at_most();
    test_a_greedy_rule_keeps_the_limit_it_is_given();
    test_most_sensitive_breaks_ties_by_age();
    test_most_sensitive_avoids_nan();
    test_random_is_even_over_blocks_that_have_not_converged();
    test_sequences();
    test_ping_pong_visits_the_ends_half_as_often();
    hbcd_test_sensitivities_f32();
    hbcd_test_sensitivities_f64();
    CHECK_DONE("test_selector");
}
