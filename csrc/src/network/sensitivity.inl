/* sensitivity.inl: one number per block that says how much is to be gained there, and the table of measures.
 * w, g: slices of theta and of the gradient that belong to the block, size n. */

/* || P(w - g) - w ||_inf: the only measure in the units of the gradient tolerance. */
static int FN(sensitivity_projected)(void *self, const TY(block) *block, const REAL *theta, const REAL *gradient,
                                     const TY(box) *box, double *value)
{
    const TY(box) part = {.lo = box && box->lo ? box->lo + block->start : NULL,
                          .hi = box && box->hi ? box->hi + block->start : NULL};
    (void)self;
    *value = FN(projected_gradient)(block->size, &part, theta + block->start, gradient + block->start);
    return HBCD_OK;
}

/* || g ||_2 */
static int FN(sensitivity_norm)(void *self, const TY(block) *block, const REAL *theta, const REAL *gradient,
                                const TY(box) *box, double *value)
{
    (void)self, (void)theta, (void)box;
    *value = FN(norm2)(block->size, gradient + block->start);
    return HBCD_OK;
}

/* || g ||_2 / sqrt(n): does not favor large blocks. */
static int FN(sensitivity_rms)(void *self, const TY(block) *block, const REAL *theta, const REAL *gradient,
                               const TY(box) *box, double *value)
{
    (void)self, (void)theta, (void)box;
    *value = block->size ? FN(norm2)(block->size, gradient + block->start) / sqrt((double)block->size) : 0.0;
    return HBCD_OK;
}

/* || g ||_2 / (|| w ||_2 + eps), eps against blocks that are all zero. */
static int FN(sensitivity_relative)(void *self, const TY(block) *block, const REAL *theta, const REAL *gradient,
                                    const TY(box) *box, double *value)
{
    (void)self, (void)box;
    double scale = FN(norm2)(block->size, theta + block->start) + 1e-12;
    *value = FN(norm2)(block->size, gradient + block->start) / scale;
    return HBCD_OK;
}

/* Mean over the neurons j of | sum_i g_ij w_ij |, i over the weights into j and its bias: the derivative of the loss
 * with respect to a factor on the input of neuron j (scaling factors of S. Zhang et al., Appl. Intell. 2023).
 * Weights are (n_in, n_out) row by row, then the bias (n_out), or parts of this shape.  A block of another shape is one
 * neuron. */
static double FN(sum_over_neurons)(size_t n_neurons, size_t size, const REAL *w, const REAL *g)
{
    double total = 0.0;
    for (size_t j = 0; j < n_neurons; j++) {
        double sum = 0.0;
        for (size_t i = j; i < size; i += n_neurons) sum += (double)g[i] * (double)w[i];
        total += fabs(sum);
    }
    return total;
}

static int FN(sensitivity_scaling)(void *self, const TY(block) *block, const REAL *theta, const REAL *gradient,
                                   const TY(box) *box, double *value)
{
    const REAL *w = theta + block->start, *g = gradient + block->start;
    size_t n_neurons = block->n_out && block->size == (block->n_in + 1) * block->n_out ? block->n_out : 1;
    double total = 0.0;
    (void)self, (void)box;
    if (block->n_parts == 0) total = FN(sum_over_neurons)(n_neurons, block->size, w, g);
    else n_neurons = 0;
    for (size_t p = 0; p < block->n_parts; p++) {
        const TY(part) *part = &block->parts[p];
        size_t size = (part->n_in + 1) * part->n_out;
        total += FN(sum_over_neurons)(part->n_out, size, w + part->at, g + part->at);
        n_neurons += part->n_out;
    }
    *value = total / (double)n_neurons;
    return HBCD_OK;
}

const TY(sensitivity) *FN(sensitivity_row)(int kind)
{
    static const TY(sensitivity) rows[HBCD_N_SENSITIVITIES] = {
        [HBCD_PROJECTED_GRADIENT] = {"projected_gradient", FN(sensitivity_projected), NULL},
        [HBCD_GRADIENT_NORM] = {"gradient_norm", FN(sensitivity_norm), NULL},
        [HBCD_RMS_GRADIENT] = {"rms_gradient", FN(sensitivity_rms), NULL},
        [HBCD_RELATIVE_GRADIENT] = {"relative_gradient", FN(sensitivity_relative), NULL},
        [HBCD_SCALING_FACTOR] = {"scaling_factor", FN(sensitivity_scaling), NULL},
    };
    return kind >= 0 && kind < HBCD_N_SENSITIVITIES ? &rows[kind] : NULL;
}
