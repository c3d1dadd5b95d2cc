"""Ways of drawing: each backend turns one request and one index into one image."""
