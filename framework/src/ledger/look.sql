-- The whole look of a start in one block, so that a ledger that is not there or not ours to read is an answer and not an error.
-- It reads the settings freehold.service, .version, .host and .pid, and answers in freehold.answer.
do $look$
declare
    s record;
    answer json;
    stamp text;
begin
    if to_regclass('freehold.service') is null or to_regclass('freehold.replica') is null then
        answer := '{"ledger": "absent"}';
    elsif not (has_schema_privilege('freehold', 'usage') and has_table_privilege('freehold.service', 'select')) then
        answer := '{"ledger": "forbidden"}';
    else
        execute 'select * from freehold.service where service = $1' into s using current_setting('freehold.service');
        if s.version is not null then
            perform set_config('freehold.tables', s.tables::text, true), set_config('freehold.types', s.types::text, true);
            execute $stamp${}$stamp$ into stamp;
        end if;
        answer := json_build_object('ledger', 'present', 'version', s.version, 'fingerprint', s.fingerprint, 'stamp', s.stamp, 'live', stamp,
            'changed_at', s.changed_at, 'history', s.history);
        if current_setting('freehold.pid') <> '' and not pg_is_in_recovery() and has_table_privilege('freehold.replica', 'insert') then
            execute 'insert into freehold.replica (service, host, pid, version) values ($1, $2, $3::int, $4)
                on conflict (service, host, pid) do update set version = excluded.version, seen_at = now()'
                using current_setting('freehold.service'), current_setting('freehold.host'), current_setting('freehold.pid'), current_setting('freehold.version');
        end if;
    end if;
    perform set_config('freehold.answer', answer::text, true);
end
$look$
