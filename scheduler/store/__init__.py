"""What is kept, and how it is read back."""
