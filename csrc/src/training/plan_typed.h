/* plan_typed.h: the typed half of plan.h: the largest need of any phase, added up phase by phase, then carved. */

typedef struct TY(needs) {
    size_t state; /* bytes of the largest optimizer state */
    size_t room;  /* rows of the largest batch smaller than the data */
    int cache_batch, cache_all;
    size_t normal; /* variables of the largest normal equations */
} TY(needs);
int FN(plan_need)(const TY(net) *net, size_t rows, const TY(phase) *phase, TY(needs) *needs);
int FN(plan_carve)(const TY(net) *net, const TY(data) *data, const TY(data) *held_out, const TY(needs) *needs,
                   size_t n_phases, const TY(phase) *phases, int n_threads, hbcd_arena *arena, TY(plan) **plan);
