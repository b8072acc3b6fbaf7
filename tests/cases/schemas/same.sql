create schema extensions;
create schema sales;
create schema "Odd.Schema";
create extension citext schema extensions;
set search_path = public, extensions;
create type state as enum ('new', 'done');
create type sales.state as enum ('open', 'shut');
create sequence sales.number_seq start 5;
create sequence number_seq;
create function sales.normal(citext) returns citext language sql immutable as 'select trim($1::text)::extensions.citext';
create table orders (
    id bigint primary key default nextval('number_seq'),
    state state not null default 'new' check (state <> 'done')
);
create table sales.orders (
    id bigint primary key default nextval('sales.number_seq'),
    order_id bigint references orders (id),
    before_id bigint references sales.orders (id),
    state sales.state not null default 'open',
    mail citext not null default sales.normal('A') check (mail like '%@%'),
    constraint orders_mail_key unique (mail)
);
comment on table sales.orders is 'of another schema';
create index orders_state_idx on sales.orders (state, mail) where state = 'open';
create index orders_order_idx on sales.orders (order_id);
create index orders_before_idx on sales.orders (before_id);
create table "Odd.Schema"."t.u" ("a.b" int primary key);
comment on column "Odd.Schema"."t.u"."a.b" is 'quoted';
reset search_path;
