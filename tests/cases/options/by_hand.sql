alter table plain set (fillfactor = 50);
alter table meters reset (autovacuum_enabled);
create table readings_2026 partition of readings for values from ('2026-01-01', '') to ('2027-01-01', '');
