insert into cylinders (id, serial_number, owner, pressure, filled) select i, 'n' || i, 'o' || i % 3, i, i from generate_series(1, 60) i;
insert into racks select i, 100 + i, 200 + i, 300 + i from generate_series(1, 40) i;
insert into slots select i, 100 + i, 200 + i, 300 + i from generate_series(1, 40) i;
