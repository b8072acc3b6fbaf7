create unlogged sequence fleeting_seq start 5;
create sequence lasting_seq start 5;
create table gauges (id bigint primary key);
create sequence samples_drawn_seq;
create unlogged table samples (id bigint primary key, drawn bigint not null default nextval('samples_drawn_seq'), counted bigint not null);
