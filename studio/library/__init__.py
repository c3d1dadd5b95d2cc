"""Everything that was made: files by the hash of their content, and records to find them by."""

from studio.library.library import Library
from studio.library.search import Found, Search
from studio.library.shares import Shares

__all__ = ["Found", "Library", "Search", "Shares"]
