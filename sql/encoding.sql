-- Databases of other encodings: what fits is converted, what does not is an
-- error that names the column, and only if the column is read.
\getenv port FRONTCORE_MOCK_PORT
\set home :DBNAME
\! test/mock.py --reset rate=0
SELECT format('http://127.0.0.1:%s/v2', :'port') AS base_url \gset
CREATE DATABASE regress_frontcore_latin1 ENCODING 'LATIN1' TEMPLATE template0
    LC_COLLATE 'C' LC_CTYPE 'C';
\c regress_frontcore_latin1
SET client_encoding = 'UTF8';
SET client_min_messages = warning;
CREATE EXTENSION frontcore_fdw;
CREATE SERVER frontcore FOREIGN DATA WRAPPER frontcore_fdw
    OPTIONS (base_url :'base_url', requests_per_second '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER frontcore OPTIONS (api_key 'test-key');
IMPORT FOREIGN SCHEMA frontcore LIMIT TO (courses, customers) FROM SERVER frontcore INTO public;

SELECT id, title, octet_length(title) AS bytes FROM courses WHERE id = 7305;
SELECT custom_properties FROM courses WHERE id = 7305;
-- a filter and a body go out in UTF-8
SELECT count(*) FROM courses WHERE title = 'Truckfører repetisjon';
INSERT INTO courses (title, custom_properties) VALUES ('Økonomi på kvelden', '{"sted": "Tromsø"}') RETURNING title, custom_properties;
\! test/mock.py --log

-- what the encoding lacks
\! test/mock.py --change courses 7305 'title="Smørbrød \u20ac 100 \ud83d\ude00"'
SELECT id, reference FROM courses WHERE id = 7305;
\set VERBOSITY terse
SELECT title FROM courses WHERE id = 7305;

-- what the API replies is quoted as far as the encoding goes, on one line
\set VERBOSITY default
\! test/mock.py --fault 'match=/courses status=422 body="{\"error\":\"Pris 100 \u20ac \ud83d\ude00 for bl\u00e5b\u00e6r \"}"'
SELECT id FROM courses;
\! test/mock.py --fault "match=/courses status=422 type=text/plain body='$(printf 'Tromsø \303( \342\202\254\n\302\205  ')'"
SELECT id FROM courses;
SELECT errors > 0 AS counted, last_error FROM frontcore_stat;
\! test/mock.py --fault 'match=/courses status=422 body="{\"error\":\"\u041a\u0443\u0440\u0441\"}"'
SELECT id FROM courses;

-- what a person was searched by is hidden in the API's words, too
\! test/mock.py --fault 'match=search-users status=422 body="{\"error\":\"no \u00c5se J\u00d8RGENSEN, nor J%C3%98rgensen\"}"'
SELECT frontcore_find_users('frontcore', firstname => 'Åse', lastname => 'JØrgensen');

\c :home
DROP DATABASE regress_frontcore_latin1;
\! test/mock.py --reset rate=0
