-- What the runs of a copy cost, for ../sql/sync.sql.
SELECT frontcore_stat_reset(), frontcore_shared_cache_reset();
SELECT count(*) FROM copies.courses;
\! test/mock.py --log --quiet
CALL frontcore_sync('copies.course_dates', 'dw.course_dates');
\! test/mock.py --log --quiet
CALL frontcore_sync('copies.course_dates', 'dw.course_dates');
\! test/mock.py --log --quiet
CALL frontcore_sync('copies.course_dates', 'dw.course_dates');
\! test/mock.py --log --quiet
\! test/mock.py --change course_dates 51024 'reference="changed"' "updated_at=\"$(date -u +%FT%TZ)\""
CALL frontcore_sync('copies.course_dates', 'dw.course_dates');
\! test/mock.py --log --quiet
SELECT updated, reference FROM frontcore_sync_state, dw.course_dates
WHERE target = 'dw.course_dates'::regclass AND id = 51024;
CALL frontcore_sync('copies.course_dates', 'dw.course_dates', reconcile => true);
\! test/mock.py --log --quiet
SELECT count(*) FROM (SELECT id, title, start_at, reference, updated_at FROM copies.course_dates
    EXCEPT SELECT id, title, start_at, reference, updated_at FROM dw.course_dates) AS lacking;
\! test/mock.py --log --quiet
DROP TABLE dw.course_dates;
