"""Everything that was made: files by the hash of their content, and one record each."""

from studio.library.library import Library

__all__ = ["Library"]
