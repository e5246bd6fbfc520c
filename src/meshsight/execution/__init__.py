"""Long work in subprocesses: JSON in, JSON lines out, watched, restarted, and gone when their parent is gone."""
