"""Files that mean harm, made when a test asks for them: nothing binary is kept."""
