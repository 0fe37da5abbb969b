"""Tests in a real browser: built bundles in a blank page, and a few flows in a real JupyterLab."""
