"""Training of the reference models, one module a model."""
