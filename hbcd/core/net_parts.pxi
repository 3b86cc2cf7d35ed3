# net_parts.pxi: descriptions of layers, activations and losses as the core's structs.

cdef class NetParts:
    """What a network is made of: hooks for parts that are not the core's own."""

    cdef object hooks
    cdef list compiled  # those of compiled functions
    cdef Context context
    cdef bint serial

    cdef int set_layer(self, hbcd_layer_spec *layer, part, n_in, n_params, dtype, lent, str where) except -1:
        name = "dense" if part is None else native(part)
        if name == "dense":
            layer.kind = HBCD_DENSE
        elif name == "block_diagonal":
            self.set_blocks(layer, part, dtype, lent, where)
        elif name == "smooth_pieces":
            set_pieces(layer, part, lent)
        else:
            self.set_hook(layer, part, n_in, n_params, dtype, where)
        return 0

    cdef int set_blocks(self, hbcd_layer_spec *layer, part, dtype, lent, str where) except -1:
        cdef Memory specs = Memory(len(part.blocks) * sizeof(hbcd_part_spec))
        cdef hbcd_part_spec *one = <hbcd_part_spec *>specs.arena.base
        cdef hbcd_layer_spec of_part
        lent.append(specs)
        layer.kind = HBCD_BLOCK_DIAGONAL
        layer.n_parts, layer.parts, layer.shared_input = len(part.blocks), one, part.shared_input
        for k, (n_in, n_out, activation) in enumerate(part.blocks):
            memset(&of_part, 0, sizeof(of_part))
            self.set_activation(&of_part, activation, dtype, f"{where}blocks[{k}]: ")
            one.n_in, one.n_out = n_in, n_out
            one.activation, one.activation_parameter = of_part.activation, of_part.activation_parameter
            one.activation_hook = of_part.activation_hook
            one += 1
        return 0

    cdef int set_hook(self, hbcd_layer_spec *layer, part, n_in, n_params, dtype, str where) except -1:
        cdef CompiledLayerHook compiled_hook
        layer.kind = HBCD_LAYER_HOOK
        layer.n_params = n_params
        if native(part) == "compiled":
            compiled_hook = CompiledLayerHook(part, dtype, n_in, layer.n_out, where)
            self.compiled.append(compiled_hook)
            layer.layer_hook.forward = compiled_layer_forward
            layer.layer_hook.backward = compiled_layer_backward
            layer.layer_hook.self = <void *>&compiled_hook.layer
        else:
            hook = LayerHook(part, self.context, n_in, layer.n_out, n_params)
            self.hooks.append(hook)
            self.serial = True
            layer.layer_hook.forward = layer_forward_hook
            layer.layer_hook.backward = layer_backward_hook
            layer.layer_hook.self = <void *>hook
        return 0

    cdef int set_loss(self, hbcd_net_spec *spec, loss, dtype) except -1:
        cdef CompiledLossHook compiled_hook
        name = "squared_error" if loss is None else native(loss)
        memset(spec.loss_parameters, 0, sizeof(spec.loss_parameters))
        memset(&spec.loss_hook, 0, sizeof(spec.loss_hook))
        if name is None:
            hook = LossHook(loss, self.context)
            self.hooks.append(hook)
            self.serial = True
            spec.loss = HBCD_LOSS_HOOK
            spec.loss_hook.eval = loss_hook
            spec.loss_hook.self = <void *>hook
        elif name == "compiled":
            compiled_hook = CompiledLossHook(loss, dtype)
            self.compiled.append(compiled_hook)
            spec.loss = HBCD_LOSS_HOOK
            spec.loss_hook.eval = compiled_loss
            spec.loss_hook.self = <void *>&compiled_hook.loss
        else:
            spec.loss = LOSSES[name]
            for k, value in enumerate(getattr(loss, "_parameters", ())[:HBCD_LOSS_PARAMETERS]):
                spec.loss_parameters[k] = value
        return 0

    cdef int set_activation(self, hbcd_layer_spec *layer, activation, dtype, str where) except -1:
        cdef CompiledActivationHook pair
        name = "identity" if activation is None else native(activation)
        if name == "compiled":
            pair = CompiledActivationHook(activation, dtype, where)
            self.compiled.append(pair)
            layer.activation = HBCD_ACTIVATION_HOOK
            layer.activation_hook.forward = compiled_forward
            layer.activation_hook.backward = compiled_backward
            layer.activation_hook.self = <void *>&pair.pair
            if pair.has_curvature:
                layer.activation_hook.curvature = compiled_curvature
        elif name is None:
            hook = ActivationHook(activation, self.context)
            self.hooks.append(hook)
            self.serial = True
            layer.activation = HBCD_ACTIVATION_HOOK
            layer.activation_hook.forward = activation_forward_hook
            layer.activation_hook.backward = activation_backward_hook
            layer.activation_hook.self = <void *>hook
            layer.activation_hook.curvature = activation_curvature_hook
        else:
            layer.activation = ACTIVATIONS[name]
            layer.activation_parameter = getattr(activation, "leak", 0.0)
        return 0


cdef int set_pieces(hbcd_layer_spec *layer, part, lent) except -1:
    columns = np.ascontiguousarray(part.columns, dtype=np.uintp)
    centers, widths = np.array(part.centers, dtype=np.float64), np.array(part.widths, dtype=np.float64)
    cdef size_t[::1] columns_ = columns
    lent += [columns, centers, widths]
    layer.kind = HBCD_SMOOTH_PIECES
    layer.n_pieces = columns_.shape[0]
    layer.columns = &columns_[0]
    layer.centers = <double *>pointer(centers, HBCD_F64, layer.n_pieces)
    layer.widths = <double *>pointer(widths, HBCD_F64, layer.n_pieces)
    return 0
