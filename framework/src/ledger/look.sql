-- The service's row, with the stamp of what is there now.
select set_config('freehold.answer', json_build_object('ledger', 'present', 'version', t.version, 'fingerprint', t.fingerprint,
    'stamp', t.stamp, 'live', ({}), 'history', t.history, 'seeds', t.seeds,
    'later', array(select h.id from freehold.history h where h.service = t.service and h.id > t.history and h.to_version <> t.version),
    'by_hand', array(select name from freehold.by_hand b where b.service = t.service))::text, true)
from freehold.service t
where t.service = {}
