create table meters (id bigint primary key, label text)
    with (autovacuum_enabled = off, autovacuum_vacuum_scale_factor = 0.10, fillfactor = 70, toast.autovacuum_enabled = false);
create table plain (id bigint primary key);
create table readings (
    at date not null, place text not null,
    meter_id bigint not null references meters (id), kwh int check (kwh > 0)
) partition by range (at, lower(place));
create index readings_meter_idx on readings (meter_id);
create table events (id bigint, kind text, constraint events_pkey primary key (id, kind)) partition by list (kind);
create table shards (id uuid primary key) partition by hash (id);
