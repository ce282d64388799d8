"""The pages, one module each: a layout, a few callbacks and register(app, ...)."""
