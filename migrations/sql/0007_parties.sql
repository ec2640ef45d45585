-- What the service may do with the calendar, and the guards of its history.

GRANT SELECT, INSERT ON calendar_years, holidays TO registry_app;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['calendar_years', 'holidays'] LOOP
        EXECUTE format('CREATE TRIGGER history_is_only_added_to BEFORE UPDATE OR DELETE ON %I'
                       ' FOR EACH ROW EXECUTE FUNCTION refuse_change()', name);
        EXECUTE format('CREATE TRIGGER history_is_not_emptied BEFORE TRUNCATE ON %I'
                       ' FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', name);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER history_is_only_added_to', name);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER history_is_not_emptied', name);
    END LOOP;
END
$$;
