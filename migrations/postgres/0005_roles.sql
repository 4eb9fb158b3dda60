-- What the application may do: read and write rows. It may not create, drop, alter or truncate anything.
-- The role `kinora_app` is made with the database, by whoever administers it (`app.local` for the embedded one).

DO $$
DECLARE
    store text;
BEGIN
    FOREACH store IN ARRAY ARRAY['social', 'video', 'activity', 'work'] LOOP
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO kinora_app', store);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %I TO kinora_app', store);
        EXECUTE format('GRANT USAGE ON ALL SEQUENCES IN SCHEMA %I TO kinora_app', store);
        EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO kinora_app', store);
        EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT USAGE ON SEQUENCES TO kinora_app', store);
    END LOOP;
    REVOKE ALL ON FUNCTION activity.maintain(bigint) FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION activity.maintain(bigint) TO kinora_app;
END
$$;

-- Where the Citus extension is installed the same tables are spread over its workers, related ones together.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') THEN
        PERFORM create_distributed_table('social.follows', 'user_id');
        PERFORM create_distributed_table('social.followers', 'user_id', colocate_with => 'social.follows');
        PERFORM create_distributed_table('social.barriers', 'user_id', colocate_with => 'social.follows');
        PERFORM create_distributed_table('social.reactions', 'user_id', colocate_with => 'social.follows');
        PERFORM create_distributed_table('social.comments', 'bucket');
    END IF;
END
$$;

-- migrate: down
DO $$
DECLARE
    store text;
BEGIN
    FOREACH store IN ARRAY ARRAY['social', 'video', 'activity', 'work'] LOOP
        EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I REVOKE ALL ON TABLES FROM kinora_app', store);
        EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I REVOKE ALL ON SEQUENCES FROM kinora_app', store);
        EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA %I FROM kinora_app', store);
        EXECUTE format('REVOKE USAGE ON SCHEMA %I FROM kinora_app', store);
    END LOOP;
END
$$;
