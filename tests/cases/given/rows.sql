insert into meters values (1, 'one'), (2, 'two');
insert into plain values (1);
-- Nobody declares these: they are the administrator's.
alter table quiet set (autovacuum_enabled = off);
grant delete on plain to public;
