/* opt_bfgs.c: BFGS with the whole inverse Hessian and with bounds, for both precisions.  bfgs_matrix.h: the matrix;
 * bfgs_model.inl: what is known of the function; opt_bfgs.inl: the iteration. */
#include "optimizers/optimizer.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "optimizers/bfgs_matrix.h"

static const double UNLIMITED = 1e30; /* step length where no bound is in the way; a float, too */
static const double STEP_GROWTH = 4.0; /* of steepest descent steps along which the slope did not get flatter */
enum { MANY = 16 }; /* bounds met at once: one by one, at n^2 operations each, a fresh start is worth more */

/* What one call leaves to the next besides the matrix and the vectors. */
typedef struct bfgs_header {
    size_t n;         /* what the state was made for */
    size_t count;     /* pairs taken in; 0: H = theta I, and the matrix is not set */
    double theta;     /* s'y / y'y of the newest pair */
    double gamma;     /* the update that waits: H <- gamma H + s p' + p s' */
    double last_step; /* step length of the last steepest descent that gave no pair, else 0 */
    int moved;        /* some step has been taken since the reset */
} bfgs_header;

#define HBCD_EACH "optimizers/opt_bfgs.inl"
#include "hbcd_each_real.h"
