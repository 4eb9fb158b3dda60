-- Fan-outs that are longer than a turn go on beside the events: what is left is found by this.

CREATE INDEX fanouts_unfinished ON social.fanouts (started_at) WHERE NOT done;

-- migrate: down
DROP INDEX social.fanouts_unfinished;
