"""Distil a transformer text classifier into a small spaCy pipeline."""
