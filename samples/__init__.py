"""Images that the project draws itself, each with the text that stands on it."""
