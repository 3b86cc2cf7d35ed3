/* tree.c: lanes of tiles, and the one order in which their sums are added. */
#include "base/tree.h"

#include <string.h>

enum { FEW_LANES = 16, TILES_OF_A_LANE = 4, COLUMNS = 128 };

size_t hbcd_n_lanes(size_t n_tiles)
{
    const size_t wanted = n_tiles / TILES_OF_A_LANE, few = n_tiles < FEW_LANES ? n_tiles : FEW_LANES;
    size_t most = wanted > few ? wanted : few, lanes = 1;
    if (n_tiles == 0) return 0;
    if (most > HBCD_MOST_LANES) most = HBCD_MOST_LANES;
    while (2 * lanes <= most) lanes *= 2;
    return lanes;
}

size_t hbcd_lane_row(size_t rows, size_t lane)
{
    const size_t tiles = rows / HBCD_TILE + (rows % HBCD_TILE != 0), lanes = hbcd_n_lanes(tiles);
    return lane >= lanes ? rows : lane * tiles / lanes * HBCD_TILE;
}

size_t hbcd_lane_of(size_t rows, size_t row)
{
    const size_t tiles = rows / HBCD_TILE + (rows % HBCD_TILE != 0), lanes = hbcd_n_lanes(tiles);
    const size_t tile = row / HBCD_TILE + (row % HBCD_TILE != 0);
    return tiles == 0 ? 0 : tile * lanes / tiles + (tile * lanes % tiles != 0);
}

size_t hbcd_tree_vectors(size_t from, size_t to)
{
    size_t levels = 1, sides = from > 0 ? 2 : 1;
    for (size_t lanes = to - from; lanes > 1; lanes = (lanes + 1) / 2) levels++;
    return sides * levels;
}

static int are_neighbors(size_t first, size_t lanes, size_t next_first, size_t next_lanes)
{
    return lanes == next_lanes && first % (2 * lanes) == 0 && first + lanes == next_first;
}

void hbcd_tree_join(hbcd_tree *tree, size_t first, size_t lanes, double *sums, double **at, size_t begin, size_t end)
{
    size_t depth = tree->depth;
    while (depth > 0 && are_neighbors(tree->at[depth - 1].first, tree->at[depth - 1].lanes, first, lanes)) {
        double *restrict left = at[--depth];
        const double *restrict added = sums;
        for (size_t k = begin; k < end; k++) left[k] += added[k];
        sums = left;
        first = tree->at[depth].first;
        lanes *= 2;
    }
    at[depth] = sums;
    tree->at[depth].first = first;
    tree->at[depth].lanes = lanes;
    tree->depth = depth + 1;
}

void hbcd_tree_push(hbcd_tree *tree, size_t first, size_t lanes, const double *sums, size_t begin, size_t end)
{
    const double *right = sums;
    size_t depth = tree->depth;
    while (depth > 0 && are_neighbors(tree->at[depth - 1].first, tree->at[depth - 1].lanes, first, lanes)) {
        tree->depth = --depth;
        double *restrict left = hbcd_tree_top(tree);
        const double *restrict added = right;
        for (size_t k = begin; k < end; k++) left[k] += added[k];
        right = left;
        first = tree->at[depth].first;
        lanes *= 2;
    }
    double *top = hbcd_tree_top(tree);
    if (right != top) memcpy(top + begin, right + begin, (end - begin) * sizeof *top);
    tree->at[depth].first = first;
    tree->at[depth].lanes = lanes;
    tree->depth = depth + 1;
}

size_t hbcd_tree_nodes(const hbcd_tree *tree, hbcd_node *nodes)
{
    hbcd_tree below = *tree;
    for (below.depth = 0; below.depth < tree->depth; below.depth++)
        nodes[below.depth] = (hbcd_node){tree->at[below.depth].first, tree->at[below.depth].lanes, hbcd_tree_top(&below)};
    return tree->depth;
}

/* Whether a node may stand behind those that end at lane `done`. */
static int follows(const hbcd_node *node, size_t done)
{
    const size_t lanes = node->lanes;
    return node->first == done && lanes > 0 && lanes <= HBCD_MOST_LANES && (lanes & (lanes - 1)) == 0 &&
           node->first % lanes == 0 && done + lanes <= HBCD_MOST_LANES;
}

int hbcd_add_nodes(size_t n_nodes, const hbcd_node *nodes, size_t n, double *total)
{
    double room[HBCD_TREE_DEPTH * COLUMNS];
    size_t done = 0;
    for (size_t k = 0; k < n_nodes; k++) {
        if (!follows(&nodes[k], done)) return HBCD_ERR_ARGUMENT;
        done += nodes[k].lanes;
    }
    if (done == 0 || (done & (done - 1)) != 0) return HBCD_ERR_ARGUMENT;
    for (size_t begin = 0; begin < n; begin += COLUMNS) {
        const size_t width = n - begin < COLUMNS ? n - begin : COLUMNS;
        hbcd_tree tree = {.n = width, .lowest = room, .others = room + COLUMNS, .stride = COLUMNS};
        for (size_t k = 0; k < n_nodes; k++) {
            hbcd_tree_push(&tree, nodes[k].first, nodes[k].lanes, nodes[k].sums + begin, 0, width);
        }
        memcpy(total + begin, room, width * sizeof *total);
    }
    return HBCD_OK;
}
