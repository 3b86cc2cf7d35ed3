/* test_ranks.c: what ranks bring is checked before anything is added up; what rank 0 keeps is told with the next sum. */
#include "base/pieces.h"
#include "base/ranks.h"
#include "train_world.h"

static void test_nodes_that_do_not_cover_all_lanes_once_are_refused(void)
{
    const double sums[] = {1.5};
    static const struct {
        size_t n, nodes[2][2];
    } refused[] = {{0, {{0, 0}}},         {1, {{1, 1}}},         {1, {{0, 0}}},
                   {1, {{0, 3}}},         {1, {{0, 2048}}},      {2, {{0, 1}, {1, 2}}},
                   {2, {{0, 2}, {2, 1}}}, {2, {{0, 2}, {1, 2}}}, {2, {{0, HBCD_MOST_LANES}, {HBCD_MOST_LANES, 1}}}};
    for (size_t k = 0; k < sizeof refused / sizeof *refused; k++) {
        hbcd_node nodes[2];
        double total = 7;
        for (size_t j = 0; j < 2; j++) nodes[j] = (hbcd_node){refused[k].nodes[j][0], refused[k].nodes[j][1], sums};
        CHECK(hbcd_add_nodes(refused[k].n, nodes, 1, &total) == HBCD_ERR_ARGUMENT && total == 7);
    }
    const hbcd_node right[] = {{0, 2, sums}, {2, 1, sums}, {3, 1, sums}};
    double total = 7;
    CHECK(hbcd_add_nodes(3, right, 1, &total) == HBCD_OK && total == 4.5);
}

static int no_tile(void *self, size_t first, size_t last, const void **x, const void **y, const void **w)
{
    (void)self, (void)first, (void)last, (void)x, (void)y, (void)w;
    return HBCD_ERR_HOOK;
}

static void test_ranges_that_do_not_begin_with_lanes_are_refused(void)
{
    enum { ALL = 1024 };
    static double x[ALL], y[ALL];
    static const hbcd_tiles tiles = {no_tile, NULL, 1};
    const size_t beyond = (size_t)UINT32_MAX;
    const struct {
        size_t rank, rows, first[3];
        int expected;
    } cases[] = {{0, 256, {0, 256, ALL}, HBCD_OK},
                 {1, 768, {0, 256, ALL}, HBCD_OK},
                 {0, 256, {0, 0, 0}, HBCD_ERR_ARGUMENT},
                 {0, 256, {0, 256, beyond + 1}, HBCD_ERR_ARGUMENT},
                 {2, 256, {0, 256, ALL}, HBCD_ERR_ARGUMENT},
                 {1, 256, {256, 768, ALL}, HBCD_ERR_ARGUMENT},
                 {1, 256, {0, 768, 512}, HBCD_ERR_ARGUMENT},
                 {0, 300, {0, 300, ALL}, HBCD_ERR_ARGUMENT},
                 {0, 512, {0, 256, ALL}, HBCD_ERR_ARGUMENT}};
    for (int dtype = HBCD_F32; dtype <= HBCD_F64; dtype++)
        for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
            const hbcd_ranks ranks = {.rank = cases[k].rank, .ranks = 2};
            const hbcd_range range = {&ranks, cases[k].first};
            const hbcd_table xs = {x, HBCD_F64, cases[k].rows, 1, sizeof *x, sizeof *x, NULL, NULL, NULL};
            const hbcd_table ys = {y, HBCD_F64, cases[k].rows, 1, sizeof *y, sizeof *y, NULL, NULL, NULL};
            hbcd_arena one = {NULL, 0, 0}, other = {NULL, 0, 0};
            void *data;
            CHECK(hbcd_data_make(dtype, &xs, &ys, NULL, &range, 1, &one, &data) == cases[k].expected);
            CHECK(hbcd_data_stream(dtype, cases[k].rows, 1, 1, 0, &tiles, &range, &other, &data) == cases[k].expected);
        }
}

/* What came with the last sum, and what it answers. */
typedef struct heard {
    hbcd_control control;
    size_t calls, n_nodes;
    int answer;
} heard;

static int listen(void *self, size_t n_nodes, const hbcd_node *nodes, size_t n, double *root, hbcd_control *control)
{
    heard *h = self;
    (void)nodes, (void)n, (void)root;
    h->calls++;
    h->n_nodes = n_nodes;
    h->control = *control;
    return h->answer;
}

static void test_what_is_kept_is_told_once(void)
{
    heard h = {.answer = HBCD_OK};
    const hbcd_ranks ranks = {0, 1, listen, NULL, &h};
    hbcd_watch watch;
    CHECK(hbcd_ranks_agree(&ranks, NULL, HBCD_OK) == HBCD_OK && h.calls == 1);
    CHECK(hbcd_ranks_agree(&ranks, NULL, HBCD_ERR_HOOK) == HBCD_ERR_HOOK && h.control.status == HBCD_ERR_HOOK);
    hbcd_watch_start(&watch, INFINITY);
    CHECK(hbcd_watch_keep(NULL, 3) == 3 && hbcd_watch_keep(&watch, 3) == 3 && watch.kept == 0);
    watch.ranks = &ranks;
    watch.last = INFINITY;
    CHECK(hbcd_ranks_agree(&ranks, &watch, HBCD_OK) == HBCD_OK && !watch.over && !watch.told);
    /* The first of two; the second waits for nothing. */
    CHECK(hbcd_watch_keep(&watch, HBCD_STOP_CALLBACK) == HBCD_OK && hbcd_watch_keep(&watch, HBCD_STOP_TIME) == HBCD_OK);
    CHECK(hbcd_watch_tick(&watch) == HBCD_OK && watch.kept == HBCD_STOP_CALLBACK);
    watch.whole = 1;
    CHECK(hbcd_ranks_agree(&ranks, &watch, HBCD_OK) == HBCD_STOP_CALLBACK && watch.over && watch.kept == 0);
    CHECK(hbcd_ranks_agree(&ranks, &watch, HBCD_OK) == HBCD_OK && !watch.told);
    /* An error goes first, and what is kept stays. */
    watch.kept = HBCD_STOP_CALLBACK;
    CHECK(hbcd_ranks_agree(&ranks, &watch, HBCD_ERR_HOOK) == HBCD_ERR_HOOK && watch.told && watch.kept != 0);
}

static void test_time_that_is_up_ends_the_phase_or_the_run(void)
{
    heard h = {.answer = HBCD_OK};
    const hbcd_ranks ranks = {0, 1, listen, NULL, &h};
    for (int run_is_over = 0; run_is_over < 2; run_is_over++) {
        hbcd_watch watch;
        hbcd_watch_start(&watch, -1);
        watch.ranks = &ranks;
        watch.last = run_is_over ? watch.deadline : INFINITY;
        CHECK(hbcd_watch_tick(&watch) == HBCD_OK && watch.kept == HBCD_STOP_TIME);
        const double deadline = watch.deadline;
        watch.deadline = INFINITY; /* not now */
        CHECK(hbcd_ranks_agree(&ranks, &watch, HBCD_OK) == HBCD_OK && watch.kept == HBCD_STOP_TIME && !watch.over);
        watch.deadline = deadline;
        CHECK(hbcd_ranks_agree(&ranks, &watch, HBCD_OK) == HBCD_STOP_TIME && watch.kept == 0);
        CHECK(watch.over == run_is_over && h.control.over == run_is_over);
    }
}

static void test_the_clock_is_that_of_rank_0(void)
{
    heard h = {.answer = HBCD_OK};
    for (size_t rank = 0; rank < 2; rank++) {
        const hbcd_ranks ranks = {rank, 2, listen, NULL, &h};
        hbcd_watch watch;
        hbcd_watch_start(&watch, -1);
        watch.ranks = &ranks;
        CHECK(hbcd_watch_tick(&watch) == HBCD_OK && watch.kept == (rank == 0 ? HBCD_STOP_TIME : HBCD_OK));
    }
}

static void test_others_out_of_reach_end_the_run(void)
{
    heard h = {.answer = HBCD_ERR_MEMORY};
    const hbcd_ranks ranks = {0, 1, listen, NULL, &h};
    hbcd_watch watch;
    hbcd_watch_start(&watch, INFINITY);
    CHECK(hbcd_ranks_agree(&ranks, NULL, HBCD_OK) == HBCD_ERR_MEMORY);
    CHECK(hbcd_ranks_agree(&ranks, &watch, HBCD_OK) == HBCD_ERR_MEMORY && watch.told);
}

static void test_sizes_at_their_ends(void)
{
    CHECK(hbcd_tree_stride(SIZE_MAX) == SIZE_MAX && hbcd_tree_stride(1) == HBCD_ALIGN / sizeof(double));
    CHECK(hbcd_lane_of(0, 0) == 0 && hbcd_lane_row(0, 0) == 0);
    CHECK(hbcd_pieces_for(1) == 16 && hbcd_pieces_for(1 << 20) <= HBCD_MOST_PIECES);
    hbcd_arena arena = {NULL, 0, 0};
    hbcd_arena_take(&arena, 5, 0);
    CHECK(arena.used == 0);
}

int main(void)
{
    test_nodes_that_do_not_cover_all_lanes_once_are_refused();
    test_ranges_that_do_not_begin_with_lanes_are_refused();
    test_what_is_kept_is_told_once();
    test_time_that_is_up_ends_the_phase_or_the_run();
    test_the_clock_is_that_of_rank_0();
    test_others_out_of_reach_end_the_run();
    test_sizes_at_their_ends();
    CHECK_DONE("test_ranks");
}
