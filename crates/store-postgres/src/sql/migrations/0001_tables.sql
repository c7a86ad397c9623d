-- All tables of the execution engine. Columns have the names of the Rust rows; times are UTC milliseconds.
-- Small integers are the alphabets of levada-store; an integer outside of one is refused.

-- Numbers for creation order and events: each transaction takes one value and has 2^24 numbers below it.
CREATE SEQUENCE transaction_number;

-- What names this store in handles: a constant, made once.
DO $$ BEGIN
    EXECUTE format('CREATE FUNCTION store_instance() RETURNS uuid LANGUAGE sql IMMUTABLE AS $f$ SELECT %L::uuid $f$', gen_random_uuid());
END $$;

CREATE TABLE execution (
    id uuid PRIMARY KEY,
    run_id uuid,
    lease_id uuid,
    claim_token uuid,
    decided_by uuid,
    route_id bigint NOT NULL,
    policy_id bigint NOT NULL,
    content_digest bigint NOT NULL,
    seq bigint NOT NULL,
    fence bigint NOT NULL,
    created_ms bigint NOT NULL,
    since_ms bigint NOT NULL,
    due_ms bigint,
    recheck_ms bigint,
    attempt_deadline_ms bigint,
    deadline_ms bigint,
    lease_until_ms bigint,
    lease_ttl_ms bigint,
    ended_ms bigint,
    first_started_ms bigint,
    retain_until_ms bigint,
    priority integer NOT NULL,
    generation integer NOT NULL,
    attempt_no integer NOT NULL,
    retry_used integer NOT NULL,
    crash_used integer NOT NULL,
    phase smallint NOT NULL CHECK (phase BETWEEN 0 AND 4),
    hold smallint NOT NULL CHECK (hold BETWEEN 0 AND 6),
    operator_hold smallint NOT NULL CHECK (operator_hold BETWEEN 0 AND 1),
    next_cause smallint NOT NULL CHECK (next_cause BETWEEN 0 AND 4),
    outcome smallint CHECK (outcome BETWEEN 0 AND 4),
    cause smallint CHECK (cause BETWEEN 0 AND 16),
    cancelled_by_call smallint NOT NULL CHECK (cancelled_by_call BETWEEN 0 AND 1),
    essential smallint NOT NULL CHECK (essential BETWEEN 0 AND 1),
    finalizer smallint NOT NULL CHECK (finalizer BETWEEN 0 AND 1),
    public_state smallint NOT NULL GENERATED ALWAYS AS (
        CASE phase
            WHEN 0 THEN 0
            WHEN 1 THEN CASE hold WHEN 0 THEN 1 WHEN 1 THEN 2 WHEN 2 THEN 3 WHEN 3 THEN 4 ELSE 5 END
            WHEN 2 THEN 6
            WHEN 3 THEN 7
            ELSE CASE outcome WHEN 0 THEN 8 WHEN 2 THEN 10 WHEN 3 THEN 11 WHEN 4 THEN 12 ELSE 9 END
        END
    ) STORED,
    namespace text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    hold_ref text COLLATE "C",
    worker text COLLATE "C",
    instance text COLLATE "C",
    CONSTRAINT v1_hold CHECK (hold = 0 OR phase = 1),
    CONSTRAINT v1_ended CHECK (num_nonnulls(outcome, cause, ended_ms) = CASE WHEN phase = 4 THEN 3 ELSE 0 END),
    CONSTRAINT v1_cancelled_by_call CHECK (cancelled_by_call = 0 OR coalesce(cause = 9, false)),
    CONSTRAINT v2_lease CHECK (num_nonnulls(lease_id, worker, instance, lease_until_ms) = CASE WHEN phase = 2 THEN 4 ELSE 0 END),
    CONSTRAINT v3_due CHECK (hold <> 2 OR due_ms IS NOT NULL),
    CONSTRAINT v3_limit CHECK (hold < 4 OR (hold_ref IS NOT NULL AND recheck_ms IS NOT NULL)),
    CONSTRAINT v4_attempts CHECK (CASE phase WHEN 0 THEN attempt_no = 0 WHEN 2 THEN attempt_no >= 1 WHEN 3 THEN attempt_no >= 1 ELSE true END),
    CONSTRAINT v5_fence CHECK (fence >= attempt_no AND attempt_no >= 0),
    CONSTRAINT v6_disarmed CHECK (phase <> 4 OR num_nonnulls(due_ms, recheck_ms, attempt_deadline_ms, deadline_ms) = 0)
) WITH (fillfactor = 75);
-- The condition is tried for every change, the function only runs to refuse one.
CREATE FUNCTION refuse_falling() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'fence, generation or creation order of execution % would fall', OLD.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'v5_never_falls';
END $$;
CREATE TRIGGER v5_never_falls BEFORE UPDATE ON execution FOR EACH ROW
    WHEN (NEW.fence < OLD.fence OR NEW.generation < OLD.generation OR NEW.seq < OLD.seq) EXECUTE FUNCTION refuse_falling();
-- What a claim looks at, and nothing else.
CREATE INDEX execution_claim ON execution (route_id, priority DESC, seq) WHERE phase = 1 AND hold = 0;
-- Live leases: found by the claim's token, counted by route, and read whole by the sweep, so that a renewal changes no index.
CREATE INDEX execution_leased ON execution (claim_token, route_id) WHERE phase = 2;
CREATE INDEX execution_run ON execution (run_id, id) WHERE run_id IS NOT NULL;
CREATE INDEX execution_name ON execution (run_id, name) WHERE run_id IS NOT NULL;
-- Due times, the earliest first; a node that serves some namespaces finds them without reading the rows.
CREATE INDEX execution_due ON execution (due_ms, id, namespace) WHERE phase = 1 AND hold = 2;
CREATE INDEX execution_attempt_deadline ON execution (attempt_deadline_ms, id, namespace) WHERE attempt_deadline_ms IS NOT NULL;
CREATE INDEX execution_deadline ON execution (deadline_ms, id, namespace) WHERE deadline_ms IS NOT NULL;
CREATE INDEX execution_staged ON execution (created_ms, id, namespace) WHERE phase = 0 AND run_id IS NULL;
CREATE INDEX execution_retain ON execution (retain_until_ms, id, namespace) WHERE retain_until_ms IS NOT NULL AND run_id IS NULL;
CREATE INDEX execution_created ON execution (created_ms, id);
-- What is neither ready nor active nor ended: with the two indexes of those, everything that a gauge counts.
CREATE INDEX execution_waiting ON execution (route_id, public_state) WHERE public_state IN (0, 2, 3, 4, 5, 7);

CREATE TABLE attempt (
    execution_id uuid NOT NULL,
    attempt_no integer NOT NULL,
    generation integer NOT NULL,
    fence bigint NOT NULL,
    started_ms bigint NOT NULL,
    ended_ms bigint,
    last_fence bigint,
    last_digest bigint,
    next_due_ms bigint,
    active_left_ms bigint,
    state smallint NOT NULL CHECK (state BETWEEN 0 AND 8),
    cause smallint NOT NULL CHECK (cause BETWEEN 0 AND 4),
    last_call smallint CHECK (last_call BETWEEN 0 AND 3),
    failure_class smallint CHECK (failure_class BETWEEN 0 AND 4),
    worker text COLLATE "C" NOT NULL,
    instance text COLLATE "C" NOT NULL,
    failure_code text COLLATE "C",
    failure_message text COLLATE "C",
    PRIMARY KEY (execution_id, attempt_no)
) WITH (fillfactor = 85);
CREATE UNIQUE INDEX v4_one_open_attempt ON attempt (execution_id) WHERE state IN (0, 1);

CREATE TABLE mark (
    execution_id uuid PRIMARY KEY,
    run_id uuid NOT NULL,
    made_ms bigint NOT NULL,
    seq bigint NOT NULL,
    generation integer NOT NULL
);
-- Marks are settled in the order of their ends.
CREATE INDEX mark_run ON mark (run_id, seq);

CREATE TABLE cancel_pending (
    child uuid PRIMARY KEY,
    run_id uuid NOT NULL,
    enqueued_ms bigint NOT NULL,
    not_before_ms bigint NOT NULL,
    tries integer NOT NULL,
    namespace text COLLATE "C" NOT NULL
);
CREATE INDEX cancel_pending_enqueued ON cancel_pending (enqueued_ms, child);

CREATE TABLE run (
    id uuid PRIMARY KEY,
    content_digest bigint NOT NULL,
    revision bigint NOT NULL,
    epoch bigint,
    cancel_grace_ms bigint,
    build_deadline_ms bigint,
    deadline_ms bigint,
    deadline_span_ms bigint,
    retention_ms bigint NOT NULL,
    retain_until_ms bigint,
    created_ms bigint NOT NULL,
    sealed_ms bigint,
    ended_ms bigint,
    generation integer NOT NULL,
    members integer NOT NULL,
    edges integer NOT NULL,
    finalizers integer NOT NULL,
    finalizers_settled integer NOT NULL,
    settled_succeeded integer NOT NULL,
    settled_failed integer NOT NULL,
    settled_cancelled integer NOT NULL,
    settled_expired integer NOT NULL,
    settled_skipped integer NOT NULL,
    phase smallint NOT NULL CHECK (phase BETWEEN 0 AND 3),
    paused smallint NOT NULL CHECK (paused BETWEEN 0 AND 1),
    outcome smallint CHECK (outcome BETWEEN 0 AND 4),
    cause smallint CHECK (cause BETWEEN 0 AND 16),
    on_failure smallint NOT NULL CHECK (on_failure BETWEEN 0 AND 2),
    finalizers_released smallint NOT NULL CHECK (finalizers_released BETWEEN 0 AND 1),
    cancel_policy smallint CHECK (cancel_policy BETWEEN 0 AND 2),
    cancel_finalizers smallint NOT NULL CHECK (cancel_finalizers BETWEEN 0 AND 1),
    cancel_ended_any smallint NOT NULL CHECK (cancel_ended_any BETWEEN 0 AND 1),
    cancel_backlog smallint NOT NULL CHECK (cancel_backlog BETWEEN 0 AND 1),
    expired smallint NOT NULL CHECK (expired BETWEEN 0 AND 1),
    namespace text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    graph_version text COLLATE "C",
    cancel_reason text COLLATE "C",
    cancel_actor text COLLATE "C"
) WITH (fillfactor = 60);
CREATE INDEX run_building ON run (build_deadline_ms, id, namespace) WHERE phase = 0 AND build_deadline_ms IS NOT NULL;
CREATE INDEX run_deadline ON run (deadline_ms, id, namespace) WHERE deadline_ms IS NOT NULL;
CREATE INDEX run_cancel_grace ON run (cancel_grace_ms, id, namespace) WHERE cancel_grace_ms IS NOT NULL;
CREATE INDEX run_retain ON run (retain_until_ms, id, namespace) WHERE retain_until_ms IS NOT NULL;
CREATE INDEX run_created ON run (created_ms, id);
-- Those that have not ended: the ones with a backlog, and how many are in each phase.
CREATE INDEX run_open ON run (cancel_backlog, phase, id) WHERE phase <> 3;

CREATE TABLE edge (
    run_id uuid NOT NULL,
    child uuid NOT NULL,
    upstream uuid NOT NULL,
    resolved_ms bigint,
    satisfied_by smallint NOT NULL CHECK (satisfied_by BETWEEN 0 AND 4),
    state smallint NOT NULL CHECK (state BETWEEN 0 AND 3),
    condition_key text COLLATE "C",
    predicates text COLLATE "C" NOT NULL,
    input text COLLATE "C",
    PRIMARY KEY (run_id, child, upstream)
) WITH (fillfactor = 85);
CREATE INDEX edge_upstream ON edge (upstream);

CREATE TABLE edge_group (
    child uuid PRIMARY KEY,
    run_id uuid NOT NULL,
    fired_ms bigint,
    quorum integer NOT NULL,
    n integer NOT NULL,
    satisfied integer NOT NULL,
    missed integer NOT NULL,
    kept integer NOT NULL,
    need smallint NOT NULL CHECK (need BETWEEN 0 AND 2),
    on_fired smallint NOT NULL CHECK (on_fired BETWEEN 0 AND 1),
    state smallint NOT NULL CHECK (state BETWEEN 0 AND 3),
    cancel_state smallint NOT NULL CHECK (cancel_state BETWEEN 0 AND 2),
    cancel_cause smallint CHECK (cancel_cause BETWEEN 0 AND 16)
) WITH (fillfactor = 75);
-- What a group that leaves "open" may concern: those whose siblings are to be cancelled, and those that spared some.
CREATE INDEX edge_group_sparing ON edge_group (run_id) WHERE cancel_state = 1 OR (cancel_state = 2 AND kept > 0);

CREATE TABLE condition (
    run_id uuid NOT NULL,
    key text COLLATE "C" NOT NULL,
    expires_ms bigint,
    resolved_ms bigint,
    upstream_run uuid,
    upstream_execution uuid,
    state smallint NOT NULL CHECK (state BETWEEN 0 AND 2),
    on_timeout smallint NOT NULL CHECK (on_timeout BETWEEN 0 AND 1),
    namespace text COLLATE "C" NOT NULL,
    facts text COLLATE "C" NOT NULL,
    PRIMARY KEY (run_id, key)
);
CREATE INDEX condition_expires ON condition (expires_ms, run_id, key, namespace) WHERE state = 0 AND expires_ms IS NOT NULL;
-- What waits for the end of another run or of an execution.
CREATE INDEX condition_awaited ON condition (run_id, key, namespace)
    WHERE state = 0 AND (upstream_run IS NOT NULL OR upstream_execution IS NOT NULL);
CREATE INDEX condition_upstream_run ON condition (upstream_run) WHERE state = 0 AND upstream_run IS NOT NULL;
CREATE INDEX condition_upstream_execution ON condition (upstream_execution)
    WHERE state = 0 AND upstream_execution IS NOT NULL;

CREATE TABLE execution_pin (
    execution_id uuid NOT NULL,
    name text COLLATE "C" NOT NULL,
    upstream uuid NOT NULL,
    generation integer NOT NULL,
    outcome smallint NOT NULL CHECK (outcome BETWEEN 0 AND 4),
    condition_key text COLLATE "C",
    failure_code text COLLATE "C",
    PRIMARY KEY (execution_id, name)
);

CREATE TABLE execution_input (
    execution_id uuid PRIMARY KEY,
    length bigint NOT NULL,
    storage smallint NOT NULL CHECK (storage BETWEEN 0 AND 2),
    bytes bytea NOT NULL
);

CREATE TABLE execution_result (
    execution_id uuid NOT NULL,
    generation integer NOT NULL,
    length bigint NOT NULL,
    digest bigint NOT NULL,
    storage smallint NOT NULL CHECK (storage BETWEEN 0 AND 2),
    facts text COLLATE "C" NOT NULL,
    bytes bytea NOT NULL,
    PRIMARY KEY (execution_id, generation)
);

CREATE TABLE policy (
    id bigint PRIMARY KEY,
    retry_initial_ms bigint NOT NULL,
    retry_max_ms bigint NOT NULL,
    crash_initial_ms bigint NOT NULL,
    crash_max_ms bigint NOT NULL,
    attempt_timeout_ms bigint,
    deadline_ms bigint,
    retention_ms bigint NOT NULL,
    request_key_window_ms bigint NOT NULL,
    lease_ttl_max_ms bigint NOT NULL,
    retries_max integer,
    retry_on integer NOT NULL,
    retry_factor_permille integer NOT NULL,
    retry_jitter_permille integer NOT NULL,
    crashes_max integer NOT NULL,
    crash_factor_permille integer NOT NULL
);

CREATE TABLE route (
    id bigint PRIMARY KEY,
    namespace text COLLATE "C" NOT NULL,
    lane text COLLATE "C" NOT NULL,
    capabilities text COLLATE "C" NOT NULL
);
CREATE INDEX route_lane ON route (lane);

CREATE TABLE tag (
    owner uuid NOT NULL,
    key text COLLATE "C" NOT NULL,
    namespace text COLLATE "C" NOT NULL,
    value text COLLATE "C" NOT NULL,
    PRIMARY KEY (owner, key)
);

CREATE TABLE progress (
    execution_id uuid PRIMARY KEY,
    at_ms bigint NOT NULL,
    attempt_no integer NOT NULL,
    permille integer,
    note text COLLATE "C" NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE request_key (
    namespace text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    target uuid NOT NULL,
    digest bigint NOT NULL,
    expires_ms bigint NOT NULL,
    look_ms bigint NOT NULL,
    "of" smallint NOT NULL CHECK ("of" BETWEEN 0 AND 2),
    PRIMARY KEY (namespace, key)
);
CREATE INDEX request_key_look ON request_key (look_ms, namespace, key);

CREATE TABLE lane (
    name text COLLATE "C" PRIMARY KEY,
    changed_ms bigint NOT NULL,
    max_active integer,
    state smallint NOT NULL CHECK (state BETWEEN 0 AND 3)
);

CREATE TABLE worker (
    instance text COLLATE "C" PRIMARY KEY,
    ttl_ms bigint NOT NULL,
    expires_ms bigint,
    max_concurrent integer NOT NULL,
    state smallint NOT NULL CHECK (state BETWEEN 0 AND 2),
    worker text COLLATE "C" NOT NULL,
    lanes text COLLATE "C" NOT NULL,
    capabilities text COLLATE "C" NOT NULL,
    reason text COLLATE "C"
) WITH (fillfactor = 50);
CREATE INDEX worker_expires ON worker (expires_ms, instance) WHERE expires_ms IS NOT NULL;

CREATE TABLE engine_node (
    id uuid PRIMARY KEY,
    started_ms bigint NOT NULL,
    alive_ms bigint NOT NULL,
    grace_until_ms bigint,
    name text COLLATE "C" NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE schedule (
    id uuid PRIMARY KEY,
    every_ms bigint,
    anchor_ms bigint,
    start_ms bigint,
    end_ms bigint,
    jitter_ms bigint NOT NULL,
    next_nominal_ms bigint,
    next_fire_ms bigint,
    created_ms bigint NOT NULL,
    made_up integer NOT NULL,
    missed_policy smallint NOT NULL CHECK (missed_policy BETWEEN 0 AND 2),
    paused smallint NOT NULL CHECK (paused BETWEEN 0 AND 1),
    namespace text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    cron text COLLATE "C",
    zone text COLLATE "C",
    graph text COLLATE "C" NOT NULL
);
CREATE INDEX schedule_next_fire ON schedule (next_fire_ms, id) WHERE paused = 0 AND next_fire_ms IS NOT NULL;

CREATE TABLE schedule_fire (
    schedule_id uuid NOT NULL,
    nominal_ms bigint NOT NULL,
    run_id uuid NOT NULL,
    fired_ms bigint NOT NULL,
    missed bigint NOT NULL,
    PRIMARY KEY (schedule_id, nominal_ms)
);
-- A fire goes with its run.
CREATE INDEX schedule_fire_run ON schedule_fire (run_id);

-- Readers follow it in the order of (transaction, id), below the oldest transaction that still runs. It is kept in parts by time,
-- event_<from>_<to>, which forget_events makes ahead and drops whole; what has no part is in event_rest. There is no key: each
-- number is given out once (transaction_number), and another index would cost every event an entry.
CREATE TABLE event (
    id bigint NOT NULL,
    transaction xid8 NOT NULL DEFAULT pg_current_xact_id(),
    at_ms bigint NOT NULL,
    run_id uuid,
    execution_id uuid,
    generation integer,
    attempt_no integer,
    kind smallint NOT NULL CHECK (kind BETWEEN 0 AND 41),
    namespace text COLLATE "C" NOT NULL,
    lane text COLLATE "C",
    actor text COLLATE "C",
    detail text COLLATE "C" NOT NULL
) PARTITION BY RANGE (at_ms);
CREATE INDEX event_order ON event (transaction, id);
CREATE TABLE event_rest PARTITION OF event DEFAULT;

-- Drops the events before a time and makes the parts of now and of the span that follows. To make or drop a part it needs the table
-- for itself: nobody waits for it longer than lock_timeout, and if that is too short the caller tries again.
CREATE FUNCTION forget_events(before_ms bigint, span_ms bigint, now_ms bigint) RETURNS void LANGUAGE plpgsql
SET lock_timeout = '100ms' AS $$
DECLARE
    part record;
    parts integer := 0;
    from_ms bigint := now_ms - mod(now_ms, span_ms);
    to_ms bigint;
    rest_ms bigint;
BEGIN
    -- One node at a time. The number is arbitrary; the table's own keeps schemas apart.
    PERFORM pg_advisory_xact_lock(508231, 'event'::regclass::oid::integer);
    FOR part IN
        SELECT c.relname AS name, split_part(c.relname, '_', 3)::bigint AS ends_ms
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'event'::regclass AND c.relname <> 'event_rest'
    LOOP
        IF part.ends_ms <= before_ms THEN
            EXECUTE format('DROP TABLE %I', part.name);
        ELSE
            parts := parts + 1;
            from_ms := greatest(from_ms, part.ends_ms);
        END IF;
    END LOOP;
    EXECUTE format('DELETE FROM event WHERE at_ms < %L', before_ms);
    -- A part cannot take over what is in the rest already.
    SELECT max(at_ms) INTO rest_ms FROM event_rest WHERE at_ms >= from_ms;
    from_ms := coalesce(rest_ms - mod(rest_ms, span_ms) + span_ms, from_ms);
    -- The part of now, and the next one in good time.
    WHILE from_ms <= now_ms + 1800000 AND parts < 15 LOOP
        to_ms := from_ms - mod(from_ms, span_ms) + span_ms;
        EXECUTE format('CREATE TABLE %I PARTITION OF event FOR VALUES FROM (%L) TO (%L)',
            format('event_%s_%s', from_ms, to_ms), from_ms, to_ms);
        parts := parts + 1;
        from_ms := to_ms;
    END LOOP;
END $$;

-- Rows with little text always fit a page, so these tables need no side table for long values (TOAST), of which there would be one for
-- each. A table that is rewritten loses the one that it does not need.
DO $$
DECLARE
    narrow text;
    wide text;
BEGIN
    FOREACH narrow IN ARRAY ARRAY[
        'attempt', 'cancel_pending', 'execution_pin', 'tag', 'progress', 'request_key', 'lane', 'engine_node'
    ] LOOP
        FOR wide IN SELECT attname FROM pg_attribute WHERE attrelid = narrow::regclass AND atttypid = 'text'::regtype LOOP
            EXECUTE format('ALTER TABLE %I ALTER COLUMN %I SET STORAGE PLAIN', narrow, wide);
        END LOOP;
        EXECUTE format('CLUSTER %I USING %I', narrow, narrow || '_pkey');
        EXECUTE format('ALTER TABLE %I SET WITHOUT CLUSTER', narrow);
    END LOOP;
END $$;
