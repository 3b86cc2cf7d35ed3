/* sums.c: sums over tiles, lane by lane; threads work on complete subtrees of lanes. */
#include "base/pieces.h"
#include "base/sizes.h"

#include <string.h>

/* Numbers in all roots together: 16 MB, where that leaves every thread one; up to 1 MB there are more than threads need, so
 * that none waits long for the last piece. */
static const size_t MOST_NUMBERS = (size_t)1 << 21, FEW_NUMBERS = (size_t)1 << 17;
enum { SLICE = 4096, OPERATIONS = 8 }; /* numbers of a slice of large sums that a thread adds up, operations for one */

void hbcd_sums_make(size_t n_tiles, int in_ranges, size_t n, int n_threads, hbcd_arena *arena, hbcd_sums *sums)
{
    const size_t lanes = hbcd_n_lanes(n_tiles), stride = hbcd_tree_stride(n);
    *sums = (hbcd_sums){0};
    sums->tree.lowest = hbcd_arena_take(arena, stride, sizeof(double));
    const size_t vectors = hbcd_tree_vectors(in_ranges, lanes + (size_t)in_ranges) - 1;
    sums->tree.others = hbcd_arena_take(arena, hbcd_times(vectors, stride), sizeof(double));
    if (in_ranges) sums->root = hbcd_arena_take(arena, stride, sizeof(double));
    if (n_threads <= 1) return;
    size_t most = hbcd_pieces_for(n_threads);
    while (most > 1 && most / 2 >= (size_t)n_threads && hbcd_times(most, stride) > MOST_NUMBERS) most /= 2;
    while (most < HBCD_MOST_PIECES / 2 && hbcd_times(2 * most, stride) <= FEW_NUMBERS) most *= 2;
    sums->pieces = most < lanes ? most : lanes;
    for (sums->levels = 0; sums->pieces << sums->levels < lanes;) sums->levels++;
    sums->stride = hbcd_times(sums->levels, stride);
    sums->roots = hbcd_arena_take(arena, hbcd_times(sums->pieces, stride), sizeof(double));
    sums->others = hbcd_arena_take(arena, hbcd_times((size_t)n_threads, sums->stride), sizeof(double));
}

void hbcd_sums_begin(hbcd_sums *sums, size_t n)
{
    sums->tree.n = n;
    sums->tree.stride = hbcd_tree_stride(n);
    sums->tree.depth = 0;
}

typedef struct {
    hbcd_sums *sums;
    const hbcd_cut *cut;
    hbcd_sum_work work;
    void *context;
    uint16_t first[HBCD_MOST_PIECES + 1]; /* lanes that pieces begin with; set where there are any */
} sum_job;

/* The first tile of a lane. */
static size_t lane_tile(const hbcd_cut *cut, size_t lane) { return lane * cut->tiles / cut->lanes - cut->before; }

/* Lanes from .. to - 1 are pushed on a tree one by one. */
static int sum_lanes(hbcd_pieces *r, hbcd_tree *tree, size_t from, size_t to, int thread)
{
    const sum_job *job = r->work;
    for (size_t lane = from; lane < to; lane++) {
        const size_t end = lane_tile(job->cut, lane + 1);
        double *sums = hbcd_tree_top(tree);
        memset(sums, 0, tree->n * sizeof *sums);
        for (size_t tile = lane_tile(job->cut, lane); tile < end; tile++) {
            int status = hbcd_pieces_tick(r, thread);
            if (hbcd_pieces_end(r, status != 0 ? status : job->work(job->context, sums, tile, tile + 1 == end, thread))) return 1;
        }
        hbcd_tree_push(tree, lane, 1, sums, 0, tree->n);
    }
    return 0;
}

static int sum_piece(hbcd_pieces *r, size_t piece, int thread)
{
    const sum_job *job = r->work;
    const hbcd_sums *sums = job->sums;
    hbcd_tree tree = {.n = sums->tree.n, .stride = sums->tree.stride};
    tree.lowest = sums->roots + piece * tree.stride;
    tree.others = sums->others + (size_t)thread * sums->stride;
    return sum_lanes(r, &tree, job->first[piece], job->first[piece + 1], thread);
}

/* Cuts lanes from `from` on into complete subtrees of at most 2^level lanes; returns the lane behind the last piece. */
static size_t cut_pieces(sum_job *job, size_t from, size_t level, size_t *n_pieces)
{
    for (*n_pieces = 0; from < job->cut->to && *n_pieces < job->sums->pieces; ++*n_pieces) {
        size_t lanes = (size_t)1 << level;
        while (from % lanes != 0 || from + lanes > job->cut->to) lanes /= 2;
        job->first[*n_pieces] = (uint16_t)from;
        from += lanes;
    }
    job->first[*n_pieces] = (uint16_t)from;
    return from;
}

/* Elements of the roots of all pieces join those of a tree, one root after the other: hbcd_tree_push, but that what is
 * left is copied once, in the end. */
static void push_roots(const sum_job *job, size_t n_pieces, hbcd_tree *tree, size_t begin, size_t end)
{
    double *at[HBCD_TREE_DEPTH]; /* where the sums of each subtree on the stack are */
    const size_t before = tree->depth;
    for (tree->depth = 0; tree->depth < before; tree->depth++) at[tree->depth] = hbcd_tree_top(tree);
    for (size_t k = 0; k < n_pieces; k++) {
        double *root = job->sums->roots + k * tree->stride;
        hbcd_tree_join(tree, job->first[k], job->first[k + 1] - (size_t)job->first[k], root, at, begin, end);
    }
    const size_t after = tree->depth;
    for (tree->depth = 0; tree->depth < after; tree->depth++)
        if (at[tree->depth] != hbcd_tree_top(tree))
            memcpy(hbcd_tree_top(tree) + begin, at[tree->depth] + begin, (end - begin) * sizeof(double));
}

typedef struct {
    const sum_job *job;
    size_t n_pieces;
} root_job;

static int push_slice(void *self, size_t slice, int thread)
{
    const root_job *roots = self;
    hbcd_tree tree = roots->job->sums->tree; /* where the sums stand is the same for all */
    const size_t begin = slice * SLICE, left = tree.n - begin;
    (void)thread;
    push_roots(roots->job, roots->n_pieces, &tree, begin, begin + (left < SLICE ? left : SLICE));
    return 0;
}

/* By several threads: pieces side by side, then their roots, slice by slice. */
static int sum_by_pieces(hbcd_pieces *r, sum_job *job, int n_threads)
{
    hbcd_sums *sums = job->sums;
    size_t level = 0, from = job->cut->from;
    while (level < sums->levels && (job->cut->to - from) >> level > sums->pieces) level++;
    while (from < job->cut->to) {
        from = cut_pieces(job, from, level, &r->n_pieces);
        memset(r->taken, 0, sizeof r->taken);
        int status = hbcd_pieces_run(r, (size_t)n_threads < r->n_pieces ? n_threads : (int)r->n_pieces);
        if (status != 0) return status;
        root_job roots = {job, r->n_pieces};
        const hbcd_team team = {n_threads, NULL};
        const size_t slices = sums->tree.n / SLICE + (sums->tree.n % SLICE != 0);
        hbcd_tiles_run(&team, slices, (double)OPERATIONS * (double)(sums->tree.n * r->n_pieces), push_slice, &roots);
        push_roots(job, r->n_pieces, &sums->tree, 0, 0);
    }
    return 0;
}

int hbcd_sums_add(hbcd_sums *sums, const hbcd_team *team, const hbcd_cut *cut, double cost, hbcd_sum_work work,
                  void *context)
{
    sum_job job;
    job.sums = sums;
    job.cut = cut;
    job.work = work;
    job.context = context;
    hbcd_pieces r = {.team = team, .piece = sum_piece, .work = &job};
    const int n_threads = sums->pieces > 1 ? hbcd_threads_for(team, cut->to - cut->from, cost) : 1;
    if (n_threads > 1) return sum_by_pieces(&r, &job, n_threads);
    sum_lanes(&r, &sums->tree, cut->from, cut->to, 0);
    return hbcd_pieces_status(&r);
}
