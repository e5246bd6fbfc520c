"""What is measured and drawn once a training has ended; imported when it has, as drawing libraries start slowly."""
