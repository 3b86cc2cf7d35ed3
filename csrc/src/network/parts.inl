/* parts.inl: what a layer is made of: the parts of dense and block-diagonal layers, and how many parameters any kind has.
 * Part of layer.c, after layer.inl. */

/* < 0 unless the parts take all inputs and give all outputs. */
static double FN(block_diagonal_parameters)(const hbcd_layer_spec *spec, size_t n_in)
{
    double inputs = 0, outputs = 0, parameters = 0;
    for (size_t p = 0; p < spec->n_parts; p++) {
        const hbcd_part_spec *part = &spec->parts[p];
        if (part->n_in == 0 || part->n_out == 0 || (spec->shared_input && part->n_in != n_in)) return -1;
        inputs += (double)part->n_in;
        outputs += (double)part->n_out;
        parameters += ((double)part->n_in + 1) * (double)part->n_out;
    }
    const int all = spec->shared_input || inputs == (double)n_in;
    return spec->n_parts > 0 && all && outputs == (double)spec->n_out && spec->activation == HBCD_IDENTITY ? parameters : -1;
}

static double FN(pieces_parameters)(const hbcd_layer_spec *spec, size_t n_in)
{
    for (size_t j = 0; j < spec->n_pieces; j++) {
        if (spec->columns[j] >= n_in || !isfinite(spec->centers[j])) return -1;
        if (!(spec->widths[j] > 0) || isinf(spec->widths[j])) return -1;
    }
    const int all = spec->n_pieces > 0 && (double)spec->n_out == (double)n_in + (double)spec->n_pieces;
    return all && spec->activation == HBCD_IDENTITY ? 0 : -1;
}

double FN(layer_parameters)(const hbcd_layer_spec *spec, size_t n_in)
{
    if (n_in == 0 || spec->n_out == 0) return -1;
    switch (spec->kind) {
    case HBCD_DENSE: return ((double)n_in + 1) * (double)spec->n_out;
    case HBCD_BLOCK_DIAGONAL: return FN(block_diagonal_parameters)(spec, n_in);
    case HBCD_SMOOTH_PIECES: return FN(pieces_parameters)(spec, n_in);
    case HBCD_LAYER_HOOK: return (double)spec->n_params;
    default: return -1;
    }
}

/* Rows of a tile follow from how many numbers there are: it is the activation of whole outputs. */
static int FN(parts_activation_forward)(void *self, size_t n, const REAL *z, REAL *a)
{
    const TY(layer) *layer = self;
    const size_t ld = n / layer->n_out;
    for (size_t p = 0; p < layer->n_parts; p += layer->parts[p].run) {
        const TY(part) *part = &layer->parts[p];
        const TY(activation) *call = &part->activation.call;
        HBCD_TRY(call->forward(call->self, part->width * ld, z + part->out_at * ld, a + part->out_at * ld));
    }
    return HBCD_OK;
}

static int FN(parts_activation_backward)(void *self, size_t n, const REAL *z, const REAL *a, REAL *g)
{
    const TY(layer) *layer = self;
    const size_t ld = n / layer->n_out;
    for (size_t p = 0; p < layer->n_parts; p += layer->parts[p].run) {
        const TY(part) *part = &layer->parts[p];
        const TY(activation) *call = &part->activation.call;
        const size_t at = part->out_at * ld;
        HBCD_TRY(call->backward(call->self, part->width * ld, z ? z + at : NULL, a + at, g + at));
    }
    return HBCD_OK;
}

static int FN(parts_activation_curvature)(void *self, size_t n, const REAL *z, const REAL *a, REAL *g)
{
    const TY(layer) *layer = self;
    const size_t ld = n / layer->n_out;
    for (size_t p = 0; p < layer->n_parts; p += layer->parts[p].run) {
        const TY(part) *part = &layer->parts[p];
        const TY(activation) *call = &part->activation.call;
        const size_t at = part->out_at * ld;
        if (call->curvature == NULL) return HBCD_ERR_ARGUMENT;
        HBCD_TRY(call->curvature(call->self, part->width * ld, z ? z + at : NULL, a + at, g + at));
    }
    return HBCD_OK;
}

static int FN(same_activation)(const hbcd_part_spec *one, const hbcd_part_spec *other)
{
    return one->activation == other->activation && one->activation != HBCD_ACTIVATION_HOOK &&
           one->activation_parameter == other->activation_parameter;
}

int FN(layer_set_parts)(TY(layer) *layer, const hbcd_layer_spec *spec, TY(part) *parts)
{
    layer->parts = parts;
    layer->n_parts = spec->kind == HBCD_DENSE ? 1 : spec->n_parts;
    layer->shared_input = spec->shared_input;
    if (spec->kind == HBCD_DENSE) {
        parts[0] = (TY(part)){.n_in = layer->n_in, .n_out = layer->n_out, .run = 1, .width = layer->n_out};
        return HBCD_OK;
    }
    layer->activation = (TY(activation)){"parts", FN(parts_activation_forward), FN(parts_activation_backward), layer, 0,
                                         FN(parts_activation_curvature)};
    size_t in_at = 0, out_at = 0, at = 0;
    for (size_t p = 0; p < spec->n_parts; p++) {
        const hbcd_part_spec *one = &spec->parts[p];
        parts[p] = (TY(part)){.n_in = one->n_in, .n_out = one->n_out, .in_at = in_at, .out_at = out_at, .at = at};
        HBCD_TRY(FN(set_activation)(layer->kernels, one, &parts[p].activation));
        layer->activation.flags |= parts[p].activation.call.flags & HBCD_ACT_KEEP_Z;
        in_at += spec->shared_input ? 0 : one->n_in;
        out_at += one->n_out;
        at += (one->n_in + 1) * one->n_out;
    }
    for (size_t p = spec->n_parts; p-- > 0;) { /* from the end: what follows knows its run */
        const int more = p + 1 < spec->n_parts && FN(same_activation)(&spec->parts[p], &spec->parts[p + 1]);
        parts[p].run = 1 + (more ? parts[p + 1].run : 0);
        parts[p].width = parts[p].n_out + (more ? parts[p + 1].width : 0);
    }
    return HBCD_OK;
}
