"""What happened: frozen dataclasses of numpy arrays that pass between the stages of the walk."""
