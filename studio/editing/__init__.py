"""Pure image operations of the two editing tabs: PIL RGB in, PIL RGB out; masks are PIL L.

Nothing here knows a network, the engine or the page. numpy, scipy and scikit-image do the work; photos of 40 megapixels
are worked on in strips, or in small where only the smooth part of something is wanted.
"""
