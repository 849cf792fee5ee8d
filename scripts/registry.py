"""The one door for `spacy train --code`: importing it registers everything under `distill.*`."""

from scripts.distill import augmenters, callbacks, component, losses, mixture, readers  # noqa: F401
