"""Where patch networks come from; `patch_models.py` chooses among them."""
