/* layer.inl: the kinds of layer, and the parts that may be hooks: activations and losses.  Dense is the fast kind; a
 * hook is anything a user supplies. */

static int FN(dense_forward)(const TY(layer) *layer, size_t rows, size_t ld, const REAL *theta, const REAL *x, REAL *out)
{
    (void)rows;
    size_t n_in = layer->n_in, n_out = layer->n_out;
    layer->kernels->affine(n_in, n_out, ld, theta, n_out, 1, theta + n_in * n_out, x, out);
    return HBCD_OK;
}

static int FN(dense_backward)(const TY(layer) *layer, size_t rows, size_t ld, const REAL *theta, const REAL *x,
                              const REAL *out, const REAL *grad_out, REAL *grad_x, double *grad, REAL *scratch)
{
    (void)rows, (void)out, (void)scratch;
    size_t n_in = layer->n_in, n_out = layer->n_out;
    if (grad) layer->kernels->affine_gradient(n_in, n_out, ld, x, grad_out, grad);
    if (grad_x) layer->kernels->affine(n_out, n_in, ld, theta, 1, n_out, NULL, grad_out, grad_x);
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
    static const TY(layer_kind) dense = {"dense", FN(dense_forward), FN(dense_backward)};
    static const TY(layer_kind) hook = {"hook", FN(hook_forward), FN(hook_backward)};
    return kind == HBCD_DENSE ? &dense : kind == HBCD_LAYER_HOOK ? &hook : NULL;
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

int FN(layer_set_activation)(TY(layer) *layer, const hbcd_layer_spec *spec)
{
    if (spec->activation == HBCD_ACTIVATION_HOOK) {
        layer->activation_hook = spec->activation_hook;
        layer->activation = (TY(activation)){"hook", FN(activation_hook_forward), FN(activation_hook_backward),
                                             &layer->activation_hook, HBCD_ACT_KEEP_Z};
        return HBCD_OK;
    }
    if (spec->activation < 0 || spec->activation >= HBCD_N_ACTIVATIONS) return HBCD_ERR_ARGUMENT;
    layer->activation = layer->kernels->activation[spec->activation];
    layer->parameter = spec->activation_parameter;
    if (spec->activation == HBCD_LEAKY_RELU) {
        if (!(layer->parameter >= 0)) return HBCD_ERR_ARGUMENT;
        layer->activation.self = &layer->parameter;
    }
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
