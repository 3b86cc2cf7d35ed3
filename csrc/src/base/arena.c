/* arena.c: bump allocation over borrowed memory.  Without memory it only counts, so that the code that
 * measures and the code that carves are the same and cannot disagree. */
#include "hbcd.h"

/* `used` after the next piece, rounded up so that the piece after it is aligned too; SIZE_MAX on overflow. */
static size_t end_of_piece(size_t used, size_t count, size_t bytes)
{
    if (bytes != 0 && count > (SIZE_MAX - HBCD_ALIGN) / bytes) return SIZE_MAX;
    size_t piece = (count * bytes + HBCD_ALIGN - 1) / HBCD_ALIGN * HBCD_ALIGN;
    return piece > SIZE_MAX - used ? SIZE_MAX : used + piece;
}

void *hbcd_arena_take(hbcd_arena *arena, size_t count, size_t bytes)
{
    size_t start = arena->used;
    size_t end = end_of_piece(start, count, bytes);
    arena->used = end;
    if (!arena->base || end == SIZE_MAX || end > arena->size) return NULL;
    return arena->base + start;
}

int hbcd_arena_check(const hbcd_arena *arena)
{
    /* SIZE_MAX is not a multiple of HBCD_ALIGN: only an overflow leads there, and nothing leads back. */
    if (arena->used == SIZE_MAX) return HBCD_ERR_MEMORY;
    return arena->base && arena->used > arena->size ? HBCD_ERR_MEMORY : HBCD_OK;
}
