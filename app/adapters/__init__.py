"""The ports on real engines: a folder an engine, a file a port. The only place that knows a driver."""
