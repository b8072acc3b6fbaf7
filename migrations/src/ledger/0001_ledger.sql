-- What each service has brought up, and what it owns. Nothing here is read by guess: every column has a comment.
-- Runs again when something of it is missing, so everything says "if not exists" or "or replace".

create table if not exists freehold.service (
    service text primary key,
    generation bigint not null default 0,
    version text,
    fingerprint text,
    stamp text,
    tables oid[] not null default '{}',
    types oid[] not null default '{}',
    parts oid[] not null default '{}',
    history bigint,
    seeds text,
    changed_at timestamptz not null default now()
);
comment on table freehold.service is 'One row per service of this database.';
comment on column freehold.service.generation is 'Raised by whoever takes the service''s lock; work of an earlier holder is refused.';
comment on column freehold.service.version is 'Version of the slice that is in place; null before the first.';
comment on column freehold.service.fingerprint is 'Hash of the manifest that is in place.';
comment on column freehold.service.stamp is 'Hash over the catalog rows of the slice when it was last compared and found right; null while work is left.';
comment on column freehold.service.tables is 'The slice''s tables, for the stamp.';
comment on column freehold.service.types is 'The slice''s types, for the stamp.';
comment on column freehold.service.parts is 'The indexes and constraints of its tables, for the stamp.';
comment on column freehold.service.history is 'The run that put the version in place.';
comment on column freehold.service.seeds is 'What its seeds depended on beside the manifest: the profile, and salted hashes of secrets; null while they are still to be sown.';

create table if not exists freehold.object (
    kind text not null,
    name text not null,
    service text not null,
    shared boolean not null default false,
    adopted boolean not null default false,
    texts jsonb not null default '{}',
    claimed_at timestamptz not null default now(),
    primary key (kind, name, service)
);
create unique index if not exists object_owner_key on freehold.object (kind, name) where not shared;
comment on table freehold.object is 'Which service owns which object. Shared objects have several owners.';
comment on column freehold.object.adopted is 'Whether it stood before the service claimed it.';
comment on column freehold.object.texts is 'Per expression: as it was written, and as the catalog keeps it.';

create table if not exists freehold.history (
    id bigint generated always as identity primary key,
    service text not null,
    generation bigint not null,
    from_version text,
    to_version text not null,
    manifest text not null,
    plan jsonb not null,
    actor text not null,
    started_at timestamptz not null default clock_timestamp(),
    outcome text check (outcome in ('applied', 'partial', 'failed')),
    error text,
    finished_at timestamptz,
    check ((outcome is null) = (finished_at is null))
);
create index if not exists history_service_idx on freehold.history (service, id desc);
comment on table freehold.history is 'Every run that changed something, with its manifest and its plan. No outcome: it was cut off.';

create table if not exists freehold.step (
    history bigint not null references freehold.history (id),
    number integer not null,
    kind text not null,
    object text not null,
    sql text not null,
    undo text,
    lock_wait_ms double precision not null,
    run_ms double precision not null,
    finished_at timestamptz not null default clock_timestamp(),
    primary key (history, number)
);
comment on table freehold.step is 'Every statement that changed something, written in the transaction of the change where there is one.';

create table if not exists freehold.waiting (
    service text not null,
    object text not null,
    code text not null,
    reason text not null,
    since timestamptz not null default now(),
    primary key (service, object)
);
comment on table freehold.waiting is 'What is declared and not in place yet, and why.';

create table if not exists freehold.replica (
    service text not null,
    host text not null,
    pid integer not null,
    version text not null,
    seen_at timestamptz not null default now(),
    primary key (service, host, pid)
);
comment on table freehold.replica is 'Running processes, by their last sign of life.';

create table if not exists freehold.seed (
    service text not null,
    name text not null,
    key jsonb not null,
    past jsonb not null,
    seeded_at timestamptz not null default now(),
    primary key (service, name, key)
);
comment on table freehold.seed is 'Rows that were seeded, by table and key.';
comment on column freehold.seed.past is 'Per field what was wanted and what the database made of it (secrets as salted hashes), and how the row was last seen.';

create table if not exists freehold.by_hand (
    service text not null,
    name text not null,
    history bigint not null,
    ran_at timestamptz not null default clock_timestamp(),
    primary key (service, name)
);
comment on table freehold.by_hand is 'Steps that a service''s team wrote by hand, and that have run: each once, whatever becomes of the history.';

create table if not exists freehold.attic (
    id bigint generated always as identity primary key,
    service text not null,
    kind text not null check (kind in ('table', 'column', 'enum', 'function', 'sequence')),
    name text not null,
    stands text not null,
    version text not null,
    moved_at timestamptz not null default now(),
    ended text check (ended in ('taken back', 'purged', 'moved by hand')),
    ended_at timestamptz,
    check ((ended is null) = (ended_at is null))
);
create unique index if not exists attic_stands_key on freehold.attic (stands) where ended is null;
comment on table freehold.attic is 'Tables and columns that were dropped and are kept, what they use, and what became of them.';
comment on column freehold.attic.name is 'What it was.';
comment on column freehold.attic.stands is 'Where it stands since.';
comment on column freehold.attic.version is 'The version that dropped it.';

create table if not exists freehold.handover (
    id bigint generated always as identity primary key,
    kind text not null,
    name text not null,
    giver text not null,
    giver_version text not null,
    taker text not null,
    taken_at timestamptz not null default now()
);
comment on table freehold.handover is 'What went over from one service to another.';
comment on column freehold.handover.giver_version is 'The version of the giver that released it; replicas before it still know it.';

-- Hands an object over, with all that the ledger knows of it: nobody else writes of the giver meanwhile. It is still at the run that released it.
create or replace function freehold.take_over(
    of_kind text, of_name text, of_giver text, released_by bigint, of_taker text, lock_space integer, lock_of_giver integer
) returns void
language plpgsql as $$
declare
    at_version text;
begin
    if not pg_try_advisory_xact_lock(lock_space, lock_of_giver) then
        raise exception '% is being brought up by another process', of_giver using errcode = 'lock_not_available';
    end if;
    select s.version into at_version from freehold.service s where s.service = of_giver and s.history = released_by;
    if not found then
        raise exception '% is not at the version any more that released %', of_giver, of_name using errcode = 'FH003';
    end if;
    update freehold.object o set service = of_taker
    where o.service = of_giver and not o.shared and (
        o.kind = of_kind and o.name = of_name
        or of_kind = 'table' and starts_with(o.name, of_name || '.')
        or of_kind = 'table' and o.kind = 'sequence' and exists (
            select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_class'::regclass and d.refclassid = d.classid
                and d.objid = to_regclass(o.name) and d.refobjid = to_regclass(of_name) and d.refobjsubid > 0 and d.deptype = 'a'));
    update freehold.seed s set service = of_taker
    where of_kind = 'table' and s.service = of_giver and s.name = of_name and not exists (
        select from freehold.seed t where t.service = of_taker and t.name = s.name and t.key = s.key);
    update freehold.attic a set service = of_taker
    where of_kind = 'table' and a.service = of_giver and a.ended is null and starts_with(a.name, of_name || '.');
    insert into freehold.handover (kind, name, giver, giver_version, taker)
    values (of_kind, of_name, of_giver, at_version, of_taker);
end
$$;

-- Stops the transaction of a holder that lost the service's lock to a successor.
create or replace function freehold.guard(of_service text, of_generation bigint) returns void
language plpgsql as $$
begin
    perform from freehold.service s where s.service = of_service and s.generation = of_generation for update;
    if not found then
        raise exception 'generation % of % is over: another process took the lock', of_generation, of_service
            using errcode = 'FH001', hint = 'this process stops; the other one finishes the work';
    end if;
end
$$;

-- The history only grows: a run may end once (a partial one twice), and nothing else of it changes.
create or replace function freehold.only_grows() returns trigger
language plpgsql as $$
begin
    if tg_table_name = 'history' and tg_op = 'UPDATE' and coalesce(old.outcome, 'partial') = 'partial' and new.outcome is not null
        and to_jsonb(new) - '{outcome,error,finished_at}'::text[] = to_jsonb(old) - '{outcome,error,finished_at}'::text[]
    then
        return new;
    end if;
    raise exception 'freehold.% only grows', tg_table_name using errcode = 'FH002';
end
$$;

create or replace function freehold.no_step_after_the_end() returns trigger
language plpgsql as $$
begin
    if exists (
        select from added join freehold.history h on h.id = added.history where h.outcome in ('applied', 'failed')
    ) then
        raise exception 'this run has ended: it takes no further step' using errcode = 'FH002';
    end if;
    return null;
end
$$;

create or replace trigger history_only_grows before update or delete on freehold.history
    for each row execute function freehold.only_grows();
create or replace trigger step_only_grows before update or delete on freehold.step
    for each row execute function freehold.only_grows();
create or replace trigger step_in_an_open_run after insert on freehold.step
    referencing new table as added
    for each statement execute function freehold.no_step_after_the_end();

-- Steps may have outlived their history: a new run must not get an old one's number.
select setval(pg_get_serial_sequence('freehold.history', 'id'),
    greatest((select max(id) from freehold.history), (select max(history) from freehold.step), 0) + 1, false);
