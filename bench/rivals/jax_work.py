"""The pieces of work of rivals.py in JAX, jitted, with float64 enabled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bench.rivals.libraries import BETA1, BETA2, EPSILON, LEARNING_RATE, Array, Case, Work, flat


def jax_parts(case: Case) -> tuple[Any, Any, Any, Callable[..., Any], Callable[..., Any]]:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    parameters = [(jnp.asarray(w), jnp.asarray(b)) for w, b in case.parameters]

    def predict(parameters: Any, x: Any) -> Any:
        for weights, bias in parameters[:-1]:
            x = jnp.tanh(x @ weights + bias)
        return x @ parameters[-1][0] + parameters[-1][1]

    def loss(parameters: Any, x: Any, y: Any) -> Any:
        return 0.5 * jnp.mean((predict(parameters, x) - y) ** 2)

    return parameters, jnp.asarray(case.rows), jnp.asarray(case.targets), predict, loss


def jax_gradient(case: Case, threads: int) -> Work:
    import jax

    parameters, x, y, _, loss = jax_parts(case)
    both = jax.jit(jax.value_and_grad(loss))

    def call() -> Any:
        value, gradient = both(parameters, x, y)
        value.block_until_ready()  # all results of one computation are ready together
        return value, gradient

    def found() -> Array:
        value, gradient = call()
        return np.concatenate([[float(value)], flat(gradient)])

    return Work(call, found)


def jax_adam(case: Case, threads: int, steps: int) -> Work:
    """One jitted function per step, as a training loop in Python calls it."""
    import jax
    import jax.numpy as jnp

    parameters, x, y, _, loss = jax_parts(case)
    tree = jax.tree_util.tree_map
    zero = tree(jnp.zeros_like, parameters)

    @jax.jit
    def step(state: Any, x: Any, y: Any) -> Any:
        theta, m, v, t = state
        gradient = jax.grad(loss)(theta, x, y)
        t = t + 1
        m = tree(lambda m, g: BETA1 * m + (1 - BETA1) * g, m, gradient)
        v = tree(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, v, gradient)
        scale1, scale2 = 1 - BETA1**t, 1 - BETA2**t

        def move(theta: Any, m: Any, v: Any) -> Any:
            return theta - LEARNING_RATE * (m / scale1) / (jnp.sqrt(v / scale2) + EPSILON)

        return tree(move, theta, m, v), m, v, t

    start = (parameters, zero, zero, jnp.zeros((), case.theta.dtype))
    state = start

    def call() -> None:
        nonlocal state
        for _ in range(steps):
            state = step(state, x, y)
        state[3].block_until_ready()

    def found() -> Array:
        fresh = start
        for _ in range(10):
            fresh = step(fresh, x, y)
        return flat(fresh[0])

    return Work(call, found, steps)
