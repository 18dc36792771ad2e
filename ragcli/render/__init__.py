"""Records to text and JSON: everything the user sees."""
