/* layer.inl: the kinds of layer, and what may be a hook: layers, activations and losses.  Layers of weights are dense parts
 * side by side, a dense layer is one part; a hook is anything a user supplies. */

static int FN(parts_forward)(const TY(layer) *layer, size_t rows, size_t ld, const REAL *theta, const REAL *x, REAL *out)
{
    (void)rows;
    for (size_t p = 0; p < layer->n_parts; p++) {
        const TY(part) *part = &layer->parts[p];
        const REAL *w = theta + part->at, *b = w + part->n_in * part->n_out, *from = x + part->in_at * ld;
        REAL *to = out + part->out_at * ld;
        if (ld == 1) layer->kernels->affine_row(part->n_in, part->n_out, w, b, from, to);
        else layer->kernels->affine(part->n_in, part->n_out, ld, w, part->n_out, 1, b, from, to);
    }
    return HBCD_OK;
}

/* The gradient in inputs that the parts share is the sum of what each of them says. */
static void FN(add_tile)(size_t n, const REAL *from, REAL *to)
{
    HBCD_INDEPENDENT for (size_t k = 0; k < n; k++) to[k] += from[k];
}

static int FN(parts_backward)(const TY(layer) *layer, size_t rows, size_t ld, const REAL *theta, const REAL *x,
                              const REAL *out, const REAL *grad_out, REAL *grad_x, double *grad, REAL *scratch)
{
    (void)rows, (void)out;
    for (size_t p = 0; p < layer->n_parts; p++) {
        const TY(part) *part = &layer->parts[p];
        const REAL *d = grad_out + part->out_at * ld;
        size_t n_in = part->n_in, n_out = part->n_out;
        if (grad) layer->kernels->affine_gradient(n_in, n_out, ld, x + part->in_at * ld, d, grad + part->at);
        if (grad_x == NULL) continue;
        const int adds = layer->shared_input && p > 0;
        REAL *below = adds ? scratch : grad_x + part->in_at * ld;
        layer->kernels->affine(n_out, n_in, ld, theta + part->at, 1, n_out, NULL, d, below);
        if (adds) FN(add_tile)(n_in * ld, scratch, grad_x);
    }
    return HBCD_OK;
}

static int FN(hook_forward)(const TY(layer) *layer, size_t rows, size_t ld, const REAL *theta, const REAL *x, REAL *out)
{
    return layer->layer_hook.forward(layer->layer_hook.self, REAL_DTYPE, rows, ld, theta, x, out);
}

static int FN(hook_backward)(const TY(layer) *layer, size_t rows, size_t ld, const REAL *theta, const REAL *x,
                             const REAL *out, const REAL *grad_out, REAL *grad_x, double *grad, REAL *scratch)
{
    if (grad) memset(scratch, 0, layer->n_params * sizeof *scratch);
    HBCD_TRY(layer->layer_hook.backward(layer->layer_hook.self, REAL_DTYPE, rows, ld, theta, x, out, grad_out, grad_x,
                                        grad ? scratch : NULL));
    if (grad)
        for (size_t k = 0; k < layer->n_params; k++) grad[k] += (double)scratch[k];
    if (grad_x) /* the hook sees the real rows only; the padding stays zero */
        for (size_t i = 0; i < layer->n_in; i++) memset(grad_x + i * ld + rows, 0, (ld - rows) * sizeof *grad_x);
    return HBCD_OK;
}

const TY(layer_kind) *FN(layer_kind_row)(int kind)
{
    static const TY(layer_kind) dense = {"dense", FN(parts_forward), FN(parts_backward)};
    static const TY(layer_kind) block_diagonal = {"block_diagonal", FN(parts_forward), FN(parts_backward)};
    static const TY(layer_kind) smooth_pieces = {"smooth_pieces", FN(pieces_forward), FN(pieces_backward)};
    static const TY(layer_kind) hook = {"hook", FN(hook_forward), FN(hook_backward)};
    switch (kind) {
    case HBCD_DENSE: return &dense;
    case HBCD_BLOCK_DIAGONAL: return &block_diagonal;
    case HBCD_SMOOTH_PIECES: return &smooth_pieces;
    default: return &hook;
    }
}

static int FN(activation_hook_forward)(void *self, size_t n, const REAL *z, REAL *a)
{
    const hbcd_activation_hook *hook = self;
    return hook->forward(hook->self, REAL_DTYPE, n, z, a);
}

static int FN(activation_hook_backward)(void *self, size_t n, const REAL *z, const REAL *a, REAL *g)
{
    const hbcd_activation_hook *hook = self;
    return hook->backward(hook->self, REAL_DTYPE, n, z, a, g);
}

static int FN(activation_hook_curvature)(void *self, size_t n, const REAL *z, const REAL *a, REAL *g)
{
    const hbcd_activation_hook *hook = self;
    return hook->curvature(hook->self, REAL_DTYPE, n, z, a, g);
}

static int FN(set_activation)(const TY(kernels) *kernels, const hbcd_part_spec *spec, TY(own_activation) *own)
{
    if (spec->activation == HBCD_ACTIVATION_HOOK) {
        own->hook = spec->activation_hook;
        own->call = (TY(activation)){"hook", FN(activation_hook_forward), FN(activation_hook_backward), &own->hook,
                                     HBCD_ACT_KEEP_Z, own->hook.curvature ? FN(activation_hook_curvature) : NULL};
        return HBCD_OK;
    }
    if (spec->activation < 0 || spec->activation >= HBCD_N_ACTIVATIONS) return HBCD_ERR_ARGUMENT;
    own->call = kernels->activation[spec->activation];
    own->parameter = spec->activation_parameter;
    if (spec->activation == HBCD_LEAKY_RELU) {
        if (!(own->parameter >= 0)) return HBCD_ERR_ARGUMENT;
        own->call.self = &own->parameter;
    }
    return HBCD_OK;
}

int FN(layer_set_activation)(TY(layer) *layer, const hbcd_layer_spec *spec)
{
    const hbcd_part_spec one = {.activation = spec->activation,
                                .activation_parameter = spec->activation_parameter,
                                .activation_hook = spec->activation_hook};
    HBCD_TRY(FN(set_activation)(layer->kernels, &one, &layer->own));
    layer->activation = layer->own.call;
    return HBCD_OK;
}

/* The hook knows nothing of weights and padding. */
static int FN(loss_hook_eval)(void *self, size_t rows, size_t ld, size_t outputs, const REAL *out, const REAL *target,
                              const REAL *weight, double *f, REAL *g)
{
    const hbcd_loss_hook *hook = self;
    double value[HBCD_TILE], sum = 0;
    HBCD_TRY(hook->eval(hook->self, REAL_DTYPE, rows, ld, outputs, out, target, value, g));
    for (size_t r = 0; r < rows; r++) sum += (weight ? (double)weight[r] : 1.0) * value[r];
    *f += sum;
    for (size_t o = 0; g && o < outputs; o++) {
        for (size_t r = 0; weight && r < rows; r++) g[o * ld + r] *= weight[r];
        for (size_t r = rows; r < ld; r++) g[o * ld + r] = 0;
    }
    return HBCD_OK;
}

void FN(net_set_loss)(TY(net) *net, const hbcd_net_spec *spec)
{
    if (spec->loss == HBCD_LOSS_HOOK) {
        net->loss_hook = spec->loss_hook;
        net->loss = (TY(loss)){"hook", FN(loss_hook_eval), &net->loss_hook, HBCD_LOSS_OF_ROW, NULL};
        return;
    }
    net->loss = net->kernels->loss[spec->loss];
    memcpy(net->loss_parameters, spec->loss_parameters, sizeof net->loss_parameters);
    net->loss.self = net->loss_parameters;
}
