insert into yards (code, size, note, legacy, width) select 'c' || i, case when i % 3 > 0 then i end, 'n' || i, 'l', i from generate_series(1, 500) i;
insert into boxes (yard_id, weight, label) select i % 500 + 1, i, case when i % 2 = 0 then 'b' end from generate_series(1, 3000) i;
insert into box_notes select i, i from generate_series(1, 100) i;
analyze yards;
analyze boxes;
analyze box_notes;
