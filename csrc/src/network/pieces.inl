/* pieces.inl: smooth pieces of the inputs, a fixed and sparse layer of tanh beside the inputs themselves.  Part of layer.c. */

static int FN(pieces_forward)(const TY(layer) *layer, size_t rows, size_t ld, const REAL *theta, const REAL *x, REAL *out)
{
    (void)rows, (void)theta;
    const TY(activation) *tangent = &layer->kernels->activation[HBCD_TANH];
    memcpy(out, x, layer->n_in * ld * sizeof *x);
    REAL *z = out + layer->n_in * ld;
    for (size_t j = 0; j < layer->n_pieces; j++) {
        const REAL *from = x + layer->columns[j] * ld, center = layer->centers[j], steepness = layer->steepness[j];
        REAL *to = z + j * ld;
        HBCD_INDEPENDENT for (size_t r = 0; r < ld; r++) to[r] = (from[r] - center) * steepness;
    }
    return tangent->forward(tangent->self, layer->n_pieces * ld, z, z);
}

/* The padding of grad_out is zero, and so is what comes of it. */
static int FN(pieces_backward)(const TY(layer) *layer, size_t rows, size_t ld, const REAL *theta, const REAL *x,
                               const REAL *out, const REAL *grad_out, REAL *grad_x, double *grad, REAL *scratch)
{
    (void)rows, (void)theta, (void)x, (void)grad, (void)scratch;
    if (grad_x == NULL) return HBCD_OK;
    memcpy(grad_x, grad_out, layer->n_in * ld * sizeof *grad_x);
    for (size_t j = 0; j < layer->n_pieces; j++) {
        const REAL *a = out + (layer->n_in + j) * ld, *d = grad_out + (layer->n_in + j) * ld;
        const REAL steepness = layer->steepness[j];
        REAL *to = grad_x + layer->columns[j] * ld;
        HBCD_INDEPENDENT for (size_t r = 0; r < ld; r++) to[r] += steepness * (1 - a[r] * a[r]) * d[r];
    }
    return HBCD_OK;
}

void FN(layer_set_pieces)(TY(layer) *layer, const hbcd_layer_spec *spec, size_t *columns, REAL *numbers)
{
    layer->n_pieces = spec->n_pieces;
    layer->columns = columns;
    layer->centers = numbers;
    layer->steepness = numbers + spec->n_pieces;
    for (size_t j = 0; j < spec->n_pieces; j++) {
        columns[j] = spec->columns[j];
        numbers[j] = (REAL)spec->centers[j];
        numbers[spec->n_pieces + j] = (REAL)(1 / spec->widths[j]);
    }
}
