alter table shelves disable trigger shelves_touch;
create or replace trigger shelves_sets after insert on shelves for each statement execute function tell('sets');
comment on trigger shelves_tell on shelves is 'by hand';
alter trigger shelves_moved on shelves rename to moved;
drop trigger same_name on boxes;
