/* opt_lbfgs.c: L-BFGS with bounds, for both precisions.  lbfgs_pairs.inl: the pairs, the quasi-Newton direction;
 * lbfgs_box.inl: the model minimized in a box; opt_lbfgs.inl: the iteration. */
#include "optimizers/optimizer.h"

#include <float.h>
#include <math.h>

#include "optimizers/lbfgs_saddle.h"

static const double UNLIMITED = 1e30; /* step length where no bound is in the way; a float, too */
static const double STEP_GROWTH = 4.0; /* of steepest descent steps along which the slope did not get flatter */

/* What one call leaves to the next besides the pairs themselves. */
typedef struct lbfgs_header {
    size_t n, memory;  /* what the state was made for */
    size_t first;      /* slot of the oldest pair */
    size_t count;      /* pairs kept, <= memory */
    size_t n_products; /* oldest pairs whose products with those before them are known */
    double theta;      /* y'y / s'y of the newest pair; B starts from theta I */
    double last_step;  /* step length of the last steepest descent that gave no pair, else 0 */
    int moved;         /* some step has been taken since the reset */
} lbfgs_header;

#define HBCD_EACH "optimizers/opt_lbfgs.inl"
#include "hbcd_each_real.h"
