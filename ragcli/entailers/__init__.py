"""What judges whether one text follows from another; each file is one way."""
