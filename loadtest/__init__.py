"""Load as the architecture document draws it, against its latency targets. `make loadtest` runs it.

schedule     when each request is due, whatever became of those before it
proportions  what people do, in the document's proportions
rates        how many people there are at each moment, by the shape of the run
targets      the documented targets as data, and what was measured against them
people       who signs in: seeded tokens, or people registered here
users        the crowd as Locust users: viewer, creator, anonymous visitor
beside       who comes beside it: fan, guest, and who signs in again
outcome      what a run came to, also for whoever looks at the service afterwards
locustfile   what Locust runs: users, shape, verdict, exit code
stack        a Kinora of its own to run against

The first four are pure and know nothing of Locust, whose gevent must not get into a process that has an event loop.
"""
