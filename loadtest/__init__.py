"""Load as the architecture document draws it, against its latency targets. `make loadtest` runs it.

schedule     when each request is due, whatever became of those before it
proportions  what people do, in the document's proportions
rates        how many people there are at each moment, by the shape of the run
targets      the documented targets as data, and what was measured against them
people       who signs in: seeded tokens, or people registered here
users        the Locust users: viewer, creator, anonymous visitor, fan, and who signs in again
locustfile   what Locust runs: users, shape, verdict, exit code
stack        a Kinora of its own to run against

The first four are pure and know nothing of Locust, whose gevent must not get into a process that has an event loop.
"""
