-- Verbs: what can be done beyond rows of a table.
\getenv port FRONTCORE_MOCK_PORT
\! test/mock.py --reset rate=0
SET client_min_messages = warning;
SELECT frontcore_stat_reset();
CREATE SCHEMA verbs;
IMPORT FOREIGN SCHEMA frontcore LIMIT TO (participants, orders)
    FROM SERVER frontcore INTO verbs;
SET search_path = verbs, public;

-- volatile, not to be run in parallel, and not for everybody
SELECT proname, provolatile, proparallel, proacl::text ~ '[{,]=X' AS is_public
  FROM pg_proc WHERE proname ~ '^frontcore_(book|dereg|anon|check|find|dipl)'
 ORDER BY 1;

-- a booking: its answer is a row, and its participants are there at once
BEGIN;
SELECT count(*) FROM participants WHERE course_date_id = 51001;
SELECT * FROM frontcore_book('frontcore', 51001,
    '[{"firstname": "Ada", "lastname": "Lund", "email": "ada@person.example"},
      {"firstname": "Bo", "lastname": "Lund", "email": "ada@person.example"}]',
    '{"your_reference": "R-7", "currency": "nok"}');
SELECT firstname, email, status_title FROM participants
 WHERE course_date_id = 51001 ORDER BY id;
COMMIT;
SELECT total_excl_vat FROM frontcore_book('frontcore', 51001,
    '[{"firstname": "Ada", "lastname": "Lund", "email": "ada@person.example"}]',
    '{"payment_method": "card_swedbank"}');
\! test/mock.py --log

-- what can be known to fail, fails before anything is sent
SELECT frontcore_book('frontcore', NULL, '[{}]');
\echo :LAST_ERROR_SQLSTATE
SELECT frontcore_book('frontcore', 51001, NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT frontcore_book('frontcore', 51001, '[]');
\echo :LAST_ERROR_SQLSTATE
SELECT frontcore_book('frontcore', 51001, '{"firstname": "Ada"}');
\echo :LAST_ERROR_SQLSTATE
SELECT frontcore_book('frontcore', 51001, '"Ada"');
\echo :LAST_ERROR_SQLSTATE
SELECT frontcore_book('frontcore', 51001, '[{}, 1]');
\echo :LAST_ERROR_SQLSTATE
SELECT frontcore_book('frontcore', 51001, '[{}]', '[]');
\echo :LAST_ERROR_SQLSTATE
SELECT frontcore_book(NULL, 51001, '[{}]');
\echo :LAST_ERROR_SQLSTATE
SELECT frontcore_book('no_such_server', 51001, '[{}]');
\echo :LAST_ERROR_SQLSTATE
CREATE FOREIGN DATA WRAPPER another;
CREATE SERVER others FOREIGN DATA WRAPPER another;
SELECT frontcore_book('others', 51001, '[{}]');
\echo :LAST_ERROR_SQLSTATE
DROP FOREIGN DATA WRAPPER another CASCADE;
SELECT frontcore_deregister('frontcore', NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT frontcore_anonymize_user('frontcore', NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT frontcore_check_campaign('frontcore', 'SOMMER/10');
\echo :LAST_ERROR_SQLSTATE
SELECT frontcore_check_campaign('frontcore', NULL, 7301);
\echo :LAST_ERROR_SQLSTATE
SELECT frontcore_check_voucher('frontcore', '..');
\echo :LAST_ERROR_SQLSTATE
SELECT frontcore_check_voucher('frontcore', '');
\echo :LAST_ERROR_SQLSTATE
SELECT frontcore_find_users('frontcore');
\echo :LAST_ERROR_SQLSTATE
SELECT frontcore_diplomas('frontcore');
\echo :LAST_ERROR_SQLSTATE
-- ... all of them in a read-only transaction
CREATE FUNCTION try(call text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'SELECT count(*) FROM ' || call;
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ': ' || SQLERRM;
END $$;
BEGIN READ ONLY;
SELECT try(call) FROM unnest(ARRAY[
    $c$frontcore_book('frontcore', 51001, '[{}]')$c$,
    $c$frontcore_deregister('frontcore', 5001)$c$,
    $c$frontcore_anonymize_user('frontcore', 90001)$c$,
    $c$frontcore_check_campaign('frontcore', 'x', 7301)$c$,
    $c$frontcore_check_voucher('frontcore', 'x')$c$,
    $c$frontcore_find_users('frontcore', 'x')$c$,
    $c$frontcore_diplomas('frontcore', 90001)$c$]) AS call;
ROLLBACK;
CREATE ROLE regress_verbs;
SET ROLE regress_verbs;
SELECT public.frontcore_check_voucher('frontcore', 'x');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
GRANT EXECUTE ON FUNCTION public.frontcore_check_voucher(name, text) TO regress_verbs;
SET ROLE regress_verbs;
SELECT public.frontcore_check_voucher('frontcore', 'x');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
REVOKE EXECUTE ON FUNCTION public.frontcore_check_voucher(name, text) FROM regress_verbs;
DROP ROLE regress_verbs;
\! test/mock.py --log

-- a refusal: its code in the message, all codes in DETAIL
SELECT frontcore_book('frontcore', 1, '[{"firstname": "Ada"}, {}]');
\echo :LAST_ERROR_SQLSTATE
\! test/mock.py --set error_status=200
SELECT frontcore_book('frontcore', 1, '[{"firstname": "Ada"}]');
\echo :LAST_ERROR_SQLSTATE
\! test/mock.py --set error_status=code
\! test/mock.py --log

-- its outcome may be unknown; it is never sent again.  Whether the warning of
-- the rollback is seen before the error or behind it is left open.
SET client_min_messages = error;
\! test/mock.py --fault 'match=booking reset'
SELECT frontcore_book('frontcore', 51001, '[{"firstname": "Ada", "lastname": "Lund", "email": "a@person.example"}]');
\echo :LAST_ERROR_SQLSTATE
\! test/mock.py --fault 'match=booking empty processed=yes'
SELECT frontcore_book('frontcore', 51001, '[{"firstname": "Ada", "lastname": "Lund", "email": "a@person.example"}]');
\echo :LAST_ERROR_SQLSTATE
\! test/mock.py --fault 'match=booking body={} processed=yes'
SELECT frontcore_book('frontcore', 51001, '[{"firstname": "Ada", "lastname": "Lund", "email": "a@person.example"}]');
\echo :LAST_ERROR_SQLSTATE
\! test/mock.py --fault 'match=anonymize body={} processed=yes'
SELECT frontcore_anonymize_user('frontcore', 90005);
\echo :LAST_ERROR_SQLSTATE
\! test/mock.py --fault 'match=anonymize status=503'
SELECT frontcore_anonymize_user('frontcore', 90005);
\echo :LAST_ERROR_SQLSTATE
\! test/mock.py --log
-- a value that does not fit its column is an error as of a table, once the
-- write is done
\! test/mock.py --fault 'match=booking body="{\"successful\":true,\"summary\":{\"booking_id\":\"17\",\"number_of_participants\":\"many\"}}"'
SELECT booking_id FROM frontcore_book('frontcore', 51001, '[{"firstname": "Ada", "lastname": "Lund", "email": "a@person.example"}]');
\echo :LAST_ERROR_SQLSTATE
\! test/mock.py --fault 'match=search-users body="[{\"id\":1,\"created_at\":\"some day\"}]"'
SELECT id FROM frontcore_find_users('frontcore', email => 'ada@person.example');
\echo :LAST_ERROR_SQLSTATE
\! test/mock.py --log --quiet
SELECT method, row_id, outcome FROM frontcore_requests WHERE method = 'POST' LIMIT 1;
-- ids and money come in any spelling, and what is not there is NULL
\! test/mock.py --fault 'match=booking body="{\"successful\":true,\"summary\":{\"order_id\":\"A-1\",\"booking_id\":\"B-17\",\"coursedate_id\":\"51001\",\"total_vat\":\"2.5\"}}"'
SELECT * FROM frontcore_book('frontcore', 51001, '[{"firstname": "Ada", "lastname": "Lund", "email": "a@person.example"}]');
\! test/mock.py --log --quiet
-- one that was throttled has done nothing, and is repeated as a row's write
-- is; what only asks is repeated as a query is
\! test/mock.py --fault 'match=booking retry_after=0 count=1'
SELECT number_of_participants FROM frontcore_book('frontcore', 51001, '[{"firstname": "Ada", "lastname": "Lund", "email": "a@person.example"}]');
\! test/mock.py --fault 'match=deregister retry_after=0 count=1'
SELECT count(*) FROM frontcore_deregister('frontcore', 5001);
\! test/mock.py --fault 'match=search-users status=503 retry_after=0 count=1'
SELECT count(*) FROM frontcore_find_users('frontcore', email => 'user8@person.example');
\! test/mock.py --log

-- a rollback over it says so
RESET client_min_messages;
BEGIN;
SELECT count(*) FROM frontcore_book('frontcore', 51001,
    '[{"firstname": "Ada", "lastname": "Lund", "email": "ada@person.example"}]');
ROLLBACK;
SET client_min_messages = warning;

-- deregistering: what became of each participant
SELECT frontcore_deregister('frontcore', 5001, with_fee => true);
SELECT frontcore_deregister('frontcore', 5002, send_receipt => true);
\! test/mock.py --fault 'match=deregister body="{\"successful\":true,\"booking_id\":\"5002\"}"'
SELECT count(*) FROM frontcore_deregister('frontcore', 5002);
SELECT frontcore_deregister('frontcore', 1);
\echo :LAST_ERROR_SQLSTATE
SELECT status_id, count(*) FROM participants WHERE course_date_id = 51001
 GROUP BY 1 ORDER BY 1;
\! test/mock.py --log

-- anonymising: the rows that show the user are read again
BEGIN;
SELECT firstname, email <> '' AS has_email FROM participants WHERE id = 200001;
SELECT frontcore_anonymize_user('frontcore', 90001) - 'updated_at';
SELECT firstname, email <> '' AS has_email FROM participants WHERE id = 200001;
COMMIT;
SELECT frontcore_anonymize_user('frontcore', 1);
\echo :LAST_ERROR_SQLSTATE
\! test/mock.py --fault 'match=anonymize status=204 processed=yes'
SELECT frontcore_anonymize_user('frontcore', 90002) IS NULL;
\! test/mock.py --log

-- questions: NULL where there is none, the code encoded
SELECT frontcore_check_campaign('frontcore', 'SOMMER/10', course_id => 7301) -> 'campaign';
SELECT frontcore_check_campaign('frontcore', 'SOMMER/10', course_date_id => 51001) ->> 'successful';
SELECT frontcore_check_campaign('frontcore', 'VINTER', 7301) IS NULL;
SELECT frontcore_check_voucher('frontcore', 'GAVE 25') #>> '{voucher,balance}';
SELECT frontcore_check_voucher('frontcore', 'no?such#voucher') IS NULL;
\! test/mock.py --set error_status=200
SELECT frontcore_check_voucher('frontcore', 'none') IS NULL;
\! test/mock.py --set error_status=code
SELECT id, firstname, lastname, email, created_at IS NOT NULL AS is_dated
  FROM frontcore_find_users('frontcore', email => 'user8@person.example');
SELECT count(*) FROM frontcore_find_users('frontcore', lastname => 'Nobody', firstname => 'At all');
SELECT diploma - 'url', diploma ->> 'url' ~ 'token=' AS has_link
  FROM frontcore_diplomas('frontcore', participant_id => 200001) AS diploma;
SELECT count(*) FROM frontcore_diplomas('frontcore', 90002);
\! test/mock.py --log

-- what was searched for shows in none of our messages
\! test/mock.py --fault 'match=search-users status=422 body="{\"error\":\"no ada@person.example here\"}"'
SELECT frontcore_find_users('frontcore', email => 'ada@person.example', lastname => 'Lund');
\echo :LAST_ERROR_SQLSTATE
\! test/mock.py --fault 'match=search-users nocontainer'
SELECT frontcore_find_users('frontcore', email => 'ada@person.example');
\echo :LAST_ERROR_SQLSTATE
SELECT resource, requests, last_error FROM frontcore_stat
 WHERE resource IN ('booking', 'privacy', 'campaigns', 'vouchers', 'search-users', 'diplomas')
 ORDER BY 1;

RESET search_path;
\set VERBOSITY terse
DROP SCHEMA verbs CASCADE;
