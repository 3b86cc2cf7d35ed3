"""How far predictions may be off: conformal quantiles, leverage, noise that depends on inputs."""
