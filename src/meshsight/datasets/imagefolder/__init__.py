"""Parts of the Hugging Face image folder: lines and the card."""
