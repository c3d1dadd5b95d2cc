"""Data sets: folders of renders become packed tensors that training reads."""
