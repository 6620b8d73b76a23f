"""What runs the service on more than one machine, and what its sizes are derived from."""
