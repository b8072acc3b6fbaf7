-- What each service has brought up, and what it owns: the same tables as on PostgreSQL, with a prefix where that has a schema.

-- One row per service of this file.
create table freehold_service (
    service text primary key not null,
    -- How often its slice was worked on.
    generation integer not null default 0,
    -- Version of the slice that is in place; null before the first.
    version text,
    -- Hash of the manifest that is in place.
    fingerprint text,
    -- Hash over the texts of the slice's tables and indexes when it was last compared and found right.
    stamp text,
    -- The slice's tables, for the stamp.
    tables text not null default '[]' check (json_valid(tables)),
    -- What of the manifest SQLite holds otherwise than PostgreSQL.
    degraded text not null default '[]' check (json_valid(degraded)),
    -- The run that put the version in place.
    history integer,
    -- What its seeds depended on beside the manifest: the profile, and salted hashes of secrets; null while they are still to be sown.
    seeds text check (seeds is null or json_valid(seeds)),
    changed_at text not null default (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
) strict;

-- Which service owns which object.
create table freehold_object (
    kind text not null,
    name text not null,
    service text not null,
    -- Whether it stood before the service claimed it.
    adopted integer not null default 0 check (adopted in (0, 1)),
    claimed_at text not null default (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    primary key (kind, name)
) strict;

-- Every run that changed something, with its manifest and its plan.
create table freehold_history (
    id integer primary key autoincrement,
    service text not null,
    generation integer not null,
    from_version text,
    to_version text not null,
    manifest text not null,
    plan text not null check (json_valid(plan)),
    -- What it made that did not stand before: kinds and paths, for going back.
    made text not null default '[]' check (json_valid(made)),
    actor text not null,
    started_at text not null,
    outcome text not null check (outcome in ('applied', 'failed')),
    error text,
    finished_at text not null default (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
) strict;
create index freehold_history_service_idx on freehold_history (service, id desc);

-- Every statement that changed something, written in the transaction of the change.
create table freehold_step (
    history integer not null references freehold_history (id),
    number integer not null,
    kind text not null,
    object text not null,
    sql text not null,
    undo text,
    lock_wait_ms real not null,
    run_ms real not null,
    finished_at text not null default (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    primary key (history, number)
) strict;

-- What is declared and not in place yet, and why.
create table freehold_waiting (
    service text not null,
    object text not null,
    code text not null,
    reason text not null,
    since text not null default (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    primary key (service, object)
) strict;

-- Steps that a service's team wrote by hand, and that have run: each once.
create table freehold_by_hand (
    service text not null,
    name text not null,
    history integer not null,
    ran_at text not null default (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    primary key (service, name)
) strict;

-- Running processes, by their last sign of life.
create table freehold_replica (
    service text not null,
    host text not null,
    pid integer not null,
    version text not null,
    seen_at text not null default (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    primary key (service, host, pid)
) strict;

-- Rows that were seeded, by table and key.
create table freehold_seed (
    service text not null,
    name text not null,
    key text not null check (json_valid(key)),
    -- Per field what was wanted and what SQLite holds of it (secrets as salted hashes), and how the row was last seen.
    past text not null check (json_valid(past)),
    seeded_at text not null default (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    primary key (service, name, key)
) strict;

-- What was dropped and is kept: what it was, where it stands, and what became of it.
create table freehold_attic (
    id integer primary key autoincrement,
    service text not null,
    -- A table or a column.
    kind text not null,
    name text not null,
    stands text not null,
    -- The version that dropped it.
    version text not null,
    moved_at text not null default (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    -- How it ended: taken back, purged; null as long as it is there.
    ended text,
    ended_at text
) strict;

-- What went over from one service to another.
create table freehold_handover (
    id integer primary key autoincrement,
    kind text not null,
    name text not null,
    giver text not null,
    -- The version of the giver that released it.
    giver_version text not null,
    taker text not null,
    taken_at text not null default (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
) strict;

-- The history only grows.
create trigger freehold_history_keeps before update on freehold_history
begin
    select raise(abort, 'freehold_history only grows');
end;
create trigger freehold_history_stays before delete on freehold_history
begin
    select raise(abort, 'freehold_history only grows');
end;
create trigger freehold_step_keeps before update on freehold_step
begin
    select raise(abort, 'freehold_step only grows');
end;
create trigger freehold_step_stays before delete on freehold_step
begin
    select raise(abort, 'freehold_step only grows');
end;
