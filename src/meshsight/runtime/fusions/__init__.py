"""How the detections of several views become one list; one file is one kind."""
