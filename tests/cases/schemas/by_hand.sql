alter table sales.orders add column by_hand int;
alter type sales.state add value 'by hand';
alter sequence sales.number_seq cache 9;
comment on table "Odd.Schema"."t.u" is $$by hand$$;
