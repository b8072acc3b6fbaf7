set check_function_bodies = off;
create type shade as enum ('light', 'dark');
create function touch() returns trigger language plpgsql as $$
begin
    new.title := coalesce(new.title, old.title);
    return new;
end
$$;
comment on function touch() is 'keeps track';
create function is_money(amount numeric) returns boolean language sql immutable strict parallel safe as 'select amount >= 0 and scale(amount) <= 2';
create function is_money(amount numeric, extra int) returns boolean immutable language sql as $$select amount >= extra$$;
create function slug(text) returns text language sql immutable as $q$select lower(replace($1, ' ', '-'))$q$;
create table invoices (
    id bigint generated always as identity primary key,
    title text not null default slug('New Invoice'),
    slug text generated always as (slug(title)) stored,
    amount numeric(12,2) not null default 0 check (is_money(amount))
);
create index invoices_slug_idx on invoices (slug(title));
create function newest(how_many int default 10, of shade default 'dark'::shade) returns setof invoices stable language sql rows 10
    as $$select * from invoices order by id desc limit how_many$$;
comment on function newest(int, shade) is 'for the front page';
create function split(whole text, out head text, out tail text) language plpgsql cost 12.5 security definer
    set search_path = public, pg_temp set timezone to 'UTC'
    as $$
    begin
        -- it's "quoted", and ends: here;
        head := left(whole, 1);
        tail := substr(whole, 2);
    end
    $$;
create function rows_of(variadic ids bigint[]) returns table (id bigint, "Slug" varchar(20)) language plpgsql set search_path = '' as $$begin return query select 1::bigint, 'x'::varchar; end$$;
create function backslash() returns text language sql as $x$select E'it\n$$'$x$;
create function "Odd Name"("In" interval, at timestamptz(3)) returns timestamp with time zone language sql stable as 'select at + "In"';
