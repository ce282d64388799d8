-- Who publishes may send and replace their own classes, and see nothing else of the school's database: not the classes
-- of others, no account, no login, no line of the audit trail but their own. To be run once, by the owner of the
-- tables, when the pages have been started for the first time:
--   docker compose exec -T database psql -U classmood -v ON_ERROR_STOP=1 < publishers.sql
-- Then a role for every teacher, called as their login (publish.teacher):
--   docker compose exec database psql -U classmood -c "CREATE ROLE \"mcurie\" LOGIN PASSWORD '...' IN ROLE publishers"

CREATE ROLE publishers NOLOGIN;
GRANT SELECT ON alembic_version TO publishers;

GRANT SELECT, INSERT, UPDATE ON sessions TO publishers;
GRANT USAGE ON SEQUENCE sessions_id_seq, courses_id_seq, audit_id_seq TO publishers;
ALTER TABLE sessions ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_classes ON sessions TO publishers USING (owner = current_user) WITH CHECK (owner = current_user);

GRANT SELECT, INSERT, DELETE ON gaps, students, class_minutes, student_minutes, session_totals TO publishers;
ALTER TABLE gaps ENABLE ROW LEVEL SECURITY;
ALTER TABLE students ENABLE ROW LEVEL SECURITY;
ALTER TABLE class_minutes ENABLE ROW LEVEL SECURITY;
ALTER TABLE student_minutes ENABLE ROW LEVEL SECURITY;
ALTER TABLE session_totals ENABLE ROW LEVEL SECURITY;
-- What is asked of sessions here finds the teacher's own alone.
CREATE POLICY own_classes ON gaps TO publishers USING (session_id IN (SELECT id FROM sessions));
CREATE POLICY own_classes ON students TO publishers USING (session_id IN (SELECT id FROM sessions));
CREATE POLICY own_classes ON class_minutes TO publishers USING (session_id IN (SELECT id FROM sessions));
CREATE POLICY own_classes ON student_minutes TO publishers USING (session_id IN (SELECT id FROM sessions));
CREATE POLICY own_classes ON session_totals TO publishers USING (session_id IN (SELECT id FROM sessions));

-- Courses are shared by name. One goes when nobody is taught in it, which a single teacher cannot see.
CREATE FUNCTION course_is_taught(course integer) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = public AS 'SELECT EXISTS (SELECT 1 FROM sessions WHERE course_id = course)';
GRANT SELECT, INSERT, DELETE ON courses TO publishers;
ALTER TABLE courses ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_by_all ON courses FOR SELECT TO publishers USING (true);
CREATE POLICY added_by_all ON courses FOR INSERT TO publishers WITH CHECK (true);
CREATE POLICY dropped_when_empty ON courses FOR DELETE TO publishers USING (NOT course_is_taught(id));

GRANT INSERT, SELECT (id) ON audit TO publishers;
ALTER TABLE audit ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_deeds ON audit TO publishers USING (actor = current_user)
    WITH CHECK (actor = current_user AND action = 'publish');
