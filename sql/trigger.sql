-- Triggers on foreign tables, and triggers that write to them.
\getenv port FRONTCORE_MOCK_PORT
\! test/mock.py --reset rate=0
\set SHOW_CONTEXT never
DO $$
BEGIN
    EXECUTE format('ALTER SERVER frontcore OPTIONS (ADD limiter_key %L)',
                   'trigger ' || clock_timestamp());
END
$$;
-- so that all that follows knows what a PUT of a date does
UPDATE fc.course_dates SET status_id = 2 WHERE id = 51002;
\! test/mock.py --log --quiet

CREATE FOREIGN TABLE courses (
    id bigint,
    title text,
    reference text,
    is_active boolean,
    kursguiden_url text,
    custom_properties jsonb
) SERVER frontcore OPTIONS (resource 'courses');
CREATE FUNCTION show_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '% % %: % -> %', TG_NAME, TG_WHEN, TG_OP, to_jsonb(OLD), to_jsonb(NEW);
    RETURN coalesce(NEW, OLD);
END
$$;

-- AFTER ROW triggers see the row as the API stored it, the id included, and
-- cost as RETURNING * does
CREATE TRIGGER after_row AFTER INSERT OR UPDATE OR DELETE ON courses
    FOR EACH ROW EXECUTE FUNCTION show_row();
INSERT INTO courses (title, custom_properties) VALUES ('Triggered', '{"n": 1}');
UPDATE courses SET reference = 'T-1' WHERE title = 'Triggered';
DELETE FROM courses WHERE title = 'Triggered';
COPY courses (title) FROM STDIN;
Copied
\.
\! test/mock.py --log
DROP TRIGGER after_row ON courses;

-- what a BEFORE ROW trigger changes is sent; what it leaves alone is not
CREATE FUNCTION tidy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.title = 'skip' THEN
        RETURN NULL;
    END IF;
    NEW.reference = upper(NEW.title);
    IF TG_OP = 'UPDATE' AND OLD.is_active THEN
        NEW.custom_properties = coalesce(OLD.custom_properties, '{}') || '{"touched": true}';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER tidy BEFORE INSERT OR UPDATE ON courses FOR EACH ROW EXECUTE FUNCTION tidy();
INSERT INTO courses (title) VALUES ('skip'), ('Tidied');
UPDATE courses SET is_active = true WHERE title = 'Tidied';
UPDATE courses SET title = 'Tidier' WHERE title = 'Tidied' RETURNING title, reference, custom_properties;
UPDATE courses SET title = 'skip' WHERE title = 'Tidier';
\! test/mock.py --log

-- but not what nobody may change
CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.kursguiden_url = 'https://elsewhere.example';
    RETURN NEW;
END
$$;
CREATE TRIGGER z_spoil BEFORE INSERT OR UPDATE ON courses FOR EACH ROW EXECUTE FUNCTION spoil();
INSERT INTO courses (title) VALUES ('Spoiled');
UPDATE courses SET title = 'Spoiled' WHERE title = 'Tidier';
CREATE OR REPLACE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.id = 5;
    RETURN NEW;
END
$$;
UPDATE courses SET title = 'Spoiled' WHERE title = 'Tidier';
\! test/mock.py --log
DROP TRIGGER z_spoil ON courses;
DROP TRIGGER tidy ON courses;

-- statement triggers
CREATE FUNCTION show_statement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '% %', TG_WHEN, TG_OP;
    RETURN NULL;
END
$$;
CREATE TRIGGER before_statement BEFORE UPDATE ON courses EXECUTE FUNCTION show_statement();
CREATE TRIGGER after_statement AFTER UPDATE ON courses EXECUTE FUNCTION show_statement();
UPDATE courses SET is_active = false WHERE id = 7305;
\! test/mock.py --log

-- BEFORE DELETE sees the row, and may keep it
CREATE FUNCTION keep_some() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RETURN CASE WHEN OLD.title LIKE 'Fork%' THEN NULL ELSE OLD END;
END
$$;
CREATE TRIGGER keep_some BEFORE DELETE ON courses FOR EACH ROW EXECUTE FUNCTION keep_some();
DELETE FROM courses WHERE id IN (7304, 7305) RETURNING id, title;
\! test/mock.py --log

-- a local table whose triggers keep the API in step
CREATE TABLE plan (
    id bigint PRIMARY KEY,
    course_id bigint NOT NULL,
    day date NOT NULL,
    upstream_id bigint
);
CREATE FUNCTION keep_in_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    CASE TG_OP
        WHEN 'INSERT' THEN
            INSERT INTO fc.course_dates (course_id, start_at, end_at, reference)
                VALUES (NEW.course_id, NEW.day, NEW.day, 'plan ' || NEW.id)
                RETURNING id INTO NEW.upstream_id;
        WHEN 'UPDATE' THEN
            UPDATE fc.course_dates SET start_at = NEW.day, end_at = NEW.day
                WHERE course_id = NEW.course_id AND id = NEW.upstream_id;
        WHEN 'DELETE' THEN
            DELETE FROM fc.course_dates WHERE course_id = OLD.course_id AND id = OLD.upstream_id;
            RETURN OLD;
    END CASE;
    RETURN NEW;
END
$$;
CREATE TRIGGER keep_in_step BEFORE INSERT OR UPDATE OR DELETE ON plan
    FOR EACH ROW EXECUTE FUNCTION keep_in_step();
INSERT INTO plan VALUES (1, 7301, '2027-09-01'), (2, 7302, '2027-09-02') RETURNING upstream_id;
UPDATE plan SET day = day + 7;
DELETE FROM plan WHERE id = 1;
\! test/mock.py --log
SELECT p.id, d.reference, d.start_at FROM plan p JOIN fc.course_dates d
    ON d.course_id = p.course_id AND d.id = p.upstream_id;

-- a view that writes to two places
CREATE VIEW both_places AS SELECT id, title FROM courses;
CREATE TABLE journal (entry text);
CREATE FUNCTION write_both() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO courses (title) VALUES (NEW.title) RETURNING id INTO NEW.id;
    INSERT INTO journal VALUES (NEW.id || ' ' || NEW.title);
    RETURN NEW;
END
$$;
CREATE TRIGGER write_both INSTEAD OF INSERT ON both_places FOR EACH ROW EXECUTE FUNCTION write_both();
INSERT INTO both_places (title) VALUES ('In both') RETURNING id, title;
TABLE journal;
\! test/mock.py --log

DROP VIEW both_places;
DROP TABLE plan, journal;
DROP FOREIGN TABLE courses;
DROP FUNCTION show_row, tidy, spoil, show_statement, keep_some, keep_in_step, write_both;
ALTER SERVER frontcore OPTIONS (DROP limiter_key);
