create sequence plain_seq;
create sequence ticket_number_seq start 1000 increment by 10 cache 5;
comment on sequence ticket_number_seq is 'numbers on paper';
create sequence backwards_seq as smallint increment -1 minvalue -500 no maxvalue cycle;
create sequence owned_seq as integer;
create sequence "Mixed Case" minvalue 0 start with 7;
create table tickets (
    id bigint primary key default nextval('ticket_number_seq'),
    number int not null default nextval('owned_seq'::regclass),
    again bigserial,
    back smallint default nextval('backwards_seq'),
    mixed bigint default nextval('"Mixed Case"')
);
alter sequence owned_seq owned by tickets.number;
