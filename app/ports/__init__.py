"""What the services need from the world, one Protocol a file. `app.adapters` provides it.

Four stores stand behind these ports, each of which may be another engine: videos; social (users, accounts, graph,
reactions, comments); activity (views, history, the trending ledger); and search. No write spans two of them.

A write that causes something takes `events=`, and a write that is itself the effect of an event takes `cause=`
(see `app.core.events.cause`). Record, outbox entries and dedup mark are one atomic write:

- a `cause` that was applied before makes the whole write a no-op (the method says what it then returns);
- `events` are stored if and only if the write changed something;
- a `receipt` is stored with the record; if its (scope, key) exists already nothing is written and `Conflict`
  with code `receipt_exists` is raised: read it with `find_receipt`.

Every method raises `Unavailable` when its store is down or slower than its timeout.
"""
