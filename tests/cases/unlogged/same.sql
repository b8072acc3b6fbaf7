create unlogged sequence fleeting_seq start 5;
create sequence lasting_seq start 5;
create table gauges (id bigint primary key);
