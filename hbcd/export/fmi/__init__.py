"""A model as a Functional Mock-up Unit, for simulators."""
