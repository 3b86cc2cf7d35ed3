/* tree.h: the fixed tree by which sums over lanes are added (hbcd_ranks.h): a stack of finished subtrees, each added to
 * its neighbor as soon as both are there, so that log2 L vectors are enough for L lanes. */
#ifndef HBCD_TREE_H
#define HBCD_TREE_H

#include "hbcd.h"

enum { HBCD_TREE_DEPTH = 22 }; /* 2 log2 HBCD_MOST_LANES, what any range of lanes leaves, and two more */

typedef struct hbcd_tree {
    size_t n, depth;
    double *lowest, *others; /* (n) of the subtree at the bottom; (stride) each of those above it */
    size_t stride;
    struct {
        size_t first, lanes;
    } at[HBCD_TREE_DEPTH];
} hbcd_tree;

/* Numbers from one vector of n to the next: each begins on a boundary of HBCD_ALIGN. */
static inline size_t hbcd_tree_stride(size_t n)
{
    const size_t line = HBCD_ALIGN / sizeof(double);
    return n > SIZE_MAX - line ? SIZE_MAX : (n + line - 1) / line * line;
}

/* Vectors that a stack takes for lanes from .. to - 1, the bottom included. */
size_t hbcd_tree_vectors(size_t from, size_t to);

/* Where the sums of the next subtree are to be formed. */
static inline double *hbcd_tree_top(const hbcd_tree *tree)
{
    return tree->depth == 0 ? tree->lowest : tree->others + (tree->depth - 1) * tree->stride;
}

/* The next subtree, sums (n), is complete; its elements begin .. end - 1 are added to those of its neighbor where that is
 * complete, and so on upwards, or else copied to the top, unless that is where they stand. */
void hbcd_tree_push(hbcd_tree *tree, size_t first, size_t lanes, const double *sums, size_t begin, size_t end);

/* The same without copies, and overwriting sums: at[d] is where the sums of the subtree at depth d of the stack are. */
void hbcd_tree_join(hbcd_tree *tree, size_t first, size_t lanes, double *sums, double **at, size_t begin, size_t end);

/* What is left on the stack, in the order of lanes; returns how many. */
size_t hbcd_tree_nodes(const hbcd_tree *tree, hbcd_node *nodes);

#endif
