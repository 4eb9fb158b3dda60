"""The features, a folder each: routes, schemas, actions (writes), reads, handlers (events, ticks)."""
