"""Ready recipes, as functions that return specs."""
