create or replace function touch() returns trigger language plpgsql as $$
begin
    new.title := coalesce(new.title, old.title);
    return new;
end
$$;
