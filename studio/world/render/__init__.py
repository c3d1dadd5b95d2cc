"""Draws scenes of the product world with Blender (extra `world`). Only the command line reaches this package."""
