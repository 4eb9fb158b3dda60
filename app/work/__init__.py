"""What runs beside requests: the relay from outboxes to the bus, the consumers of the bus, and periodic work.

Loops over ports; they know no engine and no framework. Each ends soon after its `stop` event is set.
"""
