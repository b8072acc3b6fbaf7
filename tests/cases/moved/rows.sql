insert into riders (mail, legacy) select 'm' || i, 'l' from generate_series(1, 50) i;
insert into rides (rider_id, km, state) select i % 50 + 1, i, 'canceled' from generate_series(1, 3000) i;
insert into ride_notes select i, i, 'n' from generate_series(1, 100) i;
analyze;
