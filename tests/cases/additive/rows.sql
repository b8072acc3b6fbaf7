insert into drivers (name) select 'd' || i from generate_series(1, 50) i;
insert into trips (driver_id, km, code) select i % 50 + 1, i, 'c' || i from generate_series(1, 3000) i;
analyze drivers;
analyze trips;
