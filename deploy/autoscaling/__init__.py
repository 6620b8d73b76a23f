"""When to start one more server: what queues say of the load, measured; a day of many servers, simulated."""
