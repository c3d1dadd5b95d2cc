class SnapshotError(Exception):
    """Weights or their description are missing, altered or do not fit together. The words are for people."""
