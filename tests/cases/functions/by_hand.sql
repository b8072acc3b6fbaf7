create or replace function slug(text) returns text language sql immutable as 'select $1';
alter function touch() cost 5;
alter function split(text) reset search_path;
comment on function touch() is 'by hand';
alter function backslash() rename to forwardslash;
drop function touch();
