insert into clients select i, i from generate_series(1, 10) i;
insert into bills (client_id, number, amount, note, weight) select i % 10 + 1, i, 10, i, i from generate_series(1, 10500) i;
comment on index bills_open_idx is 'set by hand';
analyze clients;
analyze bills;
