PRAGMA application_id = 1131245412;
BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE capture_status (
	id INTEGER NOT NULL, 
	heartbeat_at DOUBLE NOT NULL, 
	state TEXT NOT NULL, 
	message TEXT NOT NULL, 
	session_id INTEGER, 
	fps DOUBLE, 
	drops INTEGER NOT NULL, 
	cpu_percent DOUBLE, 
	layout TEXT NOT NULL, 
	error TEXT, 
	pid INTEGER NOT NULL, 
	started_at DOUBLE NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT one_row CHECK (id = 1)
);
INSERT INTO "capture_status" VALUES(1,1800000000.0,'starting','',3,NULL,0,NULL,'{"aspect": 1.77778, "tiles": [{"slot": 0, "box": [0.0, 0.0, 1.0, 1.0], "camera": "on", "student": 1, "emotion": "happy", "probability": 0.88}]}',NULL,27519,1800000000.0);
CREATE TABLE class_moments (
	session_id INTEGER NOT NULL, 
	at_ms BIGINT NOT NULL, 
	seen SMALLINT NOT NULL, 
	present SMALLINT NOT NULL, 
	p_angry SMALLINT, 
	p_disgust SMALLINT, 
	p_fear SMALLINT, 
	p_happy SMALLINT, 
	p_sad SMALLINT, 
	p_surprise SMALLINT, 
	p_neutral SMALLINT, 
	valence SMALLINT, 
	PRIMARY KEY (session_id, at_ms), 
	FOREIGN KEY(session_id) REFERENCES sessions (id)
)
 WITHOUT ROWID

;
INSERT INTO "class_moments" VALUES(1,1800000001000,1,2,20,20,20,880,20,20,20,500);
INSERT INTO "class_moments" VALUES(1,1800000002000,1,2,20,20,20,880,20,20,20,500);
INSERT INTO "class_moments" VALUES(1,1800000061000,1,2,100,0,100,440,200,0,160,500);
INSERT INTO "class_moments" VALUES(2,1800000101000,1,1,20,20,20,880,20,20,20,500);
INSERT INTO "class_moments" VALUES(3,1800000201000,1,1,20,20,20,880,20,20,20,500);
CREATE TABLE gaps (
	session_id INTEGER NOT NULL, 
	started_at_ms BIGINT NOT NULL, 
	ended_at_ms BIGINT, 
	reason TEXT NOT NULL, 
	PRIMARY KEY (session_id, started_at_ms), 
	FOREIGN KEY(session_id) REFERENCES sessions (id)
)
 WITHOUT ROWID

;
INSERT INTO "gaps" VALUES(1,1800000002000,1800000061000,'no_gallery');
CREATE TABLE readings (
	session_id INTEGER NOT NULL, 
	student_id INTEGER NOT NULL, 
	at_ms BIGINT NOT NULL, 
	camera TEXT NOT NULL, 
	p_angry SMALLINT, 
	p_disgust SMALLINT, 
	p_fear SMALLINT, 
	p_happy SMALLINT, 
	p_sad SMALLINT, 
	p_surprise SMALLINT, 
	p_neutral SMALLINT, 
	abstained TEXT, 
	face_height SMALLINT, 
	sharpness SMALLINT, 
	yaw SMALLINT, 
	pitch SMALLINT, 
	eyes_open SMALLINT, 
	attention_confidence SMALLINT, 
	PRIMARY KEY (session_id, student_id, at_ms), 
	FOREIGN KEY(session_id, student_id) REFERENCES students (session_id, student_id)
)
 WITHOUT ROWID

;
INSERT INTO "readings" VALUES(1,1,1800000001000,'on',20,20,20,880,20,20,20,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "readings" VALUES(1,1,1800000002000,'on',20,20,20,880,20,20,20,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "readings" VALUES(1,1,1800000061000,'on',100,0,100,440,200,0,160,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "readings" VALUES(1,2,1800000001000,'off',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "readings" VALUES(1,2,1800000002000,'off',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "readings" VALUES(1,2,1800000061000,'off',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "readings" VALUES(2,1,1800000101000,'on',20,20,20,880,20,20,20,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "readings" VALUES(3,1,1800000201000,'on',20,20,20,880,20,20,20,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE sessions (
	id INTEGER NOT NULL, 
	started_at DOUBLE NOT NULL, 
	ended_at DOUBLE, 
	end_reason TEXT, 
	source TEXT NOT NULL, 
	title TEXT NOT NULL, 
	simulated BOOLEAN NOT NULL, 
	rules TEXT, 
	PRIMARY KEY (id)
);
INSERT INTO "sessions" VALUES(1,1800000000.0,1800000062.0,'stopped','screen','Maths',0,'{"session": {}}');
INSERT INTO "sessions" VALUES(2,1800000100.0,1800000110.0,'stopped','simulator','Maths',1,NULL);
INSERT INTO "sessions" VALUES(3,1800000200.0,NULL,NULL,'screen','',0,NULL);
CREATE TABLE students (
	session_id INTEGER NOT NULL, 
	student_id INTEGER NOT NULL, 
	display_name TEXT, 
	staff BOOLEAN NOT NULL, 
	first_seen_at DOUBLE NOT NULL, 
	last_seen_at DOUBLE, 
	PRIMARY KEY (session_id, student_id), 
	FOREIGN KEY(session_id) REFERENCES sessions (id)
)
 WITHOUT ROWID

;
INSERT INTO "students" VALUES(1,1,'Ada',0,1800000001.0,1800000061.0);
INSERT INTO "students" VALUES(1,2,NULL,0,1800000001.0,1800000061.0);
INSERT INTO "students" VALUES(2,1,NULL,0,1800000101.0,1800000101.0);
INSERT INTO "students" VALUES(3,1,NULL,0,1800000201.0,NULL);
COMMIT;
