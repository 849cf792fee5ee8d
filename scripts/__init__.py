"""The steps of the project, one thin command each, over the library in scripts/distill."""
