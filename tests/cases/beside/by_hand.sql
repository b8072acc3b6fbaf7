alter table gauges alter column code set statistics 10;
alter table gauges alter column plan reset (n_distinct);
alter table gauges alter column code set storage plain;
alter table gauges alter column note set compression pglz;
alter table gauges alter column label drop default;
alter table gauges replica identity default;
alter table gauges alter column id set increment 9;
