-- The tables of the execution engine. Names are those of the rows; integers with a range are alphabets.
--
-- Keys are 16 bytes in big-endian order, so that their order in an index is their order everywhere. Narrow rows live in the
-- tree of their key (WITHOUT ROWID); rows with bytes of any length do not. There are no references between tables: a log, a
-- request key and a pinned input outlive what they name, and every other row is removed with its owner in one transaction.

-- The store itself: its name, its highest time, the next free number for creation order and events.
CREATE TABLE store (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    instance BLOB NOT NULL CHECK (length(instance) = 16),
    now_ms INTEGER NOT NULL,
    seq INTEGER NOT NULL
) STRICT;

CREATE TABLE execution (
    id BLOB NOT NULL CHECK (length(id) = 16),
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    run_id BLOB CHECK (length(run_id) = 16),
    route_id INTEGER NOT NULL,
    policy_id INTEGER NOT NULL,
    content_digest INTEGER NOT NULL,
    phase INTEGER NOT NULL CHECK (phase BETWEEN 0 AND 4),
    hold INTEGER NOT NULL CHECK (hold BETWEEN 0 AND 6),
    hold_ref TEXT,
    operator_hold INTEGER NOT NULL CHECK (operator_hold IN (0, 1)),
    priority INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    due_ms INTEGER,
    recheck_ms INTEGER,
    attempt_deadline_ms INTEGER,
    deadline_ms INTEGER,
    fence INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    attempt_no INTEGER NOT NULL,
    retry_used INTEGER NOT NULL,
    crash_used INTEGER NOT NULL,
    next_cause INTEGER NOT NULL CHECK (next_cause BETWEEN 0 AND 4),
    lease_id BLOB CHECK (length(lease_id) = 16),
    worker TEXT,
    instance TEXT,
    lease_until_ms INTEGER,
    lease_ttl_ms INTEGER,
    claim_token BLOB CHECK (length(claim_token) = 16),
    outcome INTEGER CHECK (outcome BETWEEN 0 AND 4),
    cause INTEGER CHECK (cause BETWEEN 0 AND 16),
    cancelled_by_call INTEGER NOT NULL CHECK (cancelled_by_call IN (0, 1)),
    ended_ms INTEGER,
    created_ms INTEGER NOT NULL,
    first_started_ms INTEGER,
    since_ms INTEGER NOT NULL,
    essential INTEGER NOT NULL CHECK (essential IN (0, 1)),
    finalizer INTEGER NOT NULL CHECK (finalizer IN (0, 1)),
    decided_by BLOB CHECK (length(decided_by) = 16),
    retain_until_ms INTEGER,
    public_state INTEGER GENERATED ALWAYS AS (
        CASE phase
            WHEN 0 THEN 0
            WHEN 1 THEN CASE hold WHEN 0 THEN 1 WHEN 1 THEN 2 WHEN 2 THEN 3 WHEN 3 THEN 4 ELSE 5 END
            WHEN 2 THEN 6
            WHEN 3 THEN 7
            ELSE 8 + outcome
        END
    ) VIRTUAL,
    PRIMARY KEY (id),
    CONSTRAINT "V-1" CHECK (hold = 0 OR phase = 1),
    CONSTRAINT "V-1" CHECK ((outcome IS NOT NULL) = (phase = 4)),
    CONSTRAINT "V-1" CHECK ((cause IS NOT NULL) = (phase = 4)),
    CONSTRAINT "V-1" CHECK ((ended_ms IS NOT NULL) = (phase = 4)),
    CONSTRAINT "V-1" CHECK (cancelled_by_call = 0 OR coalesce(cause = 9, 0)),
    CONSTRAINT "V-2" CHECK ((lease_id IS NOT NULL) = (phase = 2)),
    CONSTRAINT "V-2" CHECK ((worker IS NOT NULL) = (phase = 2)),
    CONSTRAINT "V-2" CHECK ((instance IS NOT NULL) = (phase = 2)),
    CONSTRAINT "V-2" CHECK ((lease_until_ms IS NOT NULL) = (phase = 2)),
    CONSTRAINT "V-3" CHECK (hold <> 2 OR due_ms IS NOT NULL),
    CONSTRAINT "V-3" CHECK (hold < 4 OR (hold_ref IS NOT NULL AND recheck_ms IS NOT NULL)),
    CONSTRAINT "V-4" CHECK (phase <> 0 OR attempt_no = 0),
    CONSTRAINT "V-4" CHECK (phase NOT IN (2, 3) OR attempt_no >= 1),
    CONSTRAINT "V-5" CHECK (fence >= attempt_no AND attempt_no >= 0),
    CONSTRAINT "V-6" CHECK (
        phase <> 4
        OR (due_ms IS NULL AND recheck_ms IS NULL AND attempt_deadline_ms IS NULL AND deadline_ms IS NULL)
    )
) STRICT, WITHOUT ROWID;

-- What can be claimed, in the order in which it is: covers a claim's search.
CREATE INDEX execution_claim ON execution (route_id, priority DESC, seq) WHERE phase = 1 AND hold = 0;
-- A claim that is repeated.
CREATE INDEX execution_token ON execution (claim_token) WHERE phase = 2;
-- Live leases: how many a lane has, and which of them ended. A renewal changes no column of it.
CREATE INDEX execution_active ON execution (route_id) WHERE phase = 2;
CREATE INDEX execution_member ON execution (run_id, id, phase) WHERE run_id IS NOT NULL;
-- Names are looked up when a member is added and when a fragment names one.
CREATE INDEX execution_name ON execution (run_id, name) WHERE run_id IS NOT NULL;
CREATE INDEX execution_created ON execution (created_ms);
-- What is neither ready nor active nor ended: with the two indexes of those, everything that a gauge counts.
CREATE INDEX execution_waiting ON execution (route_id, public_state) WHERE public_state IN (0, 2, 3, 4, 5, 7);
-- Due times, the earliest first; a node that serves some namespaces finds them without reading the rows.
CREATE INDEX execution_due ON execution (due_ms, id, namespace) WHERE phase = 1 AND hold = 2;
CREATE INDEX execution_attempt_deadline ON execution (attempt_deadline_ms, id, namespace) WHERE attempt_deadline_ms IS NOT NULL;
CREATE INDEX execution_deadline ON execution (deadline_ms, id, namespace) WHERE deadline_ms IS NOT NULL;
CREATE INDEX execution_staged ON execution (created_ms, id, namespace) WHERE phase = 0 AND run_id IS NULL;
CREATE INDEX execution_retain ON execution (retain_until_ms, id, namespace) WHERE retain_until_ms IS NOT NULL AND run_id IS NULL;

CREATE TRIGGER execution_never_falls BEFORE UPDATE ON execution
WHEN new.fence < old.fence OR new.generation < old.generation OR new.seq < old.seq
BEGIN
    SELECT RAISE(ABORT, 'CHECK constraint failed: V-5');
END;

CREATE TABLE attempt (
    execution_id BLOB NOT NULL CHECK (length(execution_id) = 16),
    attempt_no INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 8),
    cause INTEGER NOT NULL CHECK (cause BETWEEN 0 AND 4),
    worker TEXT NOT NULL,
    instance TEXT NOT NULL,
    fence INTEGER NOT NULL,
    started_ms INTEGER NOT NULL,
    ended_ms INTEGER,
    last_fence INTEGER,
    last_call INTEGER CHECK (last_call BETWEEN 0 AND 3),
    last_digest INTEGER,
    next_due_ms INTEGER,
    active_left_ms INTEGER,
    failure_class INTEGER CHECK (failure_class BETWEEN 0 AND 4),
    failure_code TEXT,
    failure_message TEXT,
    PRIMARY KEY (execution_id, attempt_no)
) STRICT, WITHOUT ROWID;

-- V-4: at most one attempt of an execution is running or parked.
CREATE UNIQUE INDEX attempt_open ON attempt (execution_id) WHERE state IN (0, 1);

CREATE TABLE mark (
    execution_id BLOB NOT NULL CHECK (length(execution_id) = 16),
    run_id BLOB NOT NULL CHECK (length(run_id) = 16),
    generation INTEGER NOT NULL,
    made_ms INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (execution_id)
) STRICT, WITHOUT ROWID;

-- Marks are settled in the order of their ends.
CREATE INDEX mark_run ON mark (run_id, seq);

CREATE TABLE edge (
    run_id BLOB NOT NULL CHECK (length(run_id) = 16),
    child BLOB NOT NULL CHECK (length(child) = 16),
    upstream BLOB NOT NULL CHECK (length(upstream) = 16),
    condition_key TEXT,
    satisfied_by INTEGER NOT NULL CHECK (satisfied_by BETWEEN 0 AND 4),
    predicates TEXT NOT NULL,
    input TEXT,
    state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 3),
    resolved_ms INTEGER,
    PRIMARY KEY (run_id, child, upstream)
) STRICT, WITHOUT ROWID;

CREATE INDEX edge_upstream ON edge (upstream);

CREATE TABLE edge_group (
    child BLOB NOT NULL CHECK (length(child) = 16),
    run_id BLOB NOT NULL CHECK (length(run_id) = 16),
    need INTEGER NOT NULL CHECK (need BETWEEN 0 AND 2),
    quorum INTEGER NOT NULL,
    on_fired INTEGER NOT NULL CHECK (on_fired BETWEEN 0 AND 1),
    n INTEGER NOT NULL,
    satisfied INTEGER NOT NULL,
    missed INTEGER NOT NULL,
    state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 3),
    fired_ms INTEGER,
    cancel_state INTEGER NOT NULL CHECK (cancel_state BETWEEN 0 AND 2),
    cancel_cause INTEGER CHECK (cancel_cause BETWEEN 0 AND 16),
    kept INTEGER NOT NULL,
    PRIMARY KEY (child)
) STRICT, WITHOUT ROWID;

-- Fired groups that spared siblings.
CREATE INDEX edge_group_sparing ON edge_group (run_id) WHERE kept > 0 AND cancel_state = 2;

CREATE TABLE cancel_pending (
    child BLOB NOT NULL CHECK (length(child) = 16),
    run_id BLOB NOT NULL CHECK (length(run_id) = 16),
    namespace TEXT NOT NULL,
    enqueued_ms INTEGER NOT NULL,
    not_before_ms INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    PRIMARY KEY (child)
) STRICT, WITHOUT ROWID;

CREATE INDEX cancel_pending_enqueued ON cancel_pending (enqueued_ms, child, not_before_ms);

CREATE TABLE condition (
    run_id BLOB NOT NULL CHECK (length(run_id) = 16),
    "key" TEXT NOT NULL,
    namespace TEXT NOT NULL,
    state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 2),
    facts TEXT NOT NULL,
    expires_ms INTEGER,
    on_timeout INTEGER NOT NULL CHECK (on_timeout BETWEEN 0 AND 1),
    upstream_run BLOB CHECK (length(upstream_run) = 16),
    upstream_execution BLOB CHECK (length(upstream_execution) = 16),
    resolved_ms INTEGER,
    PRIMARY KEY (run_id, "key")
) STRICT, WITHOUT ROWID;

CREATE INDEX condition_expires ON condition (expires_ms, run_id, "key", namespace) WHERE state = 0 AND expires_ms IS NOT NULL;
-- What waits for the end of another run or of an execution.
CREATE INDEX condition_awaited ON condition (run_id, "key", namespace)
    WHERE state = 0 AND (upstream_run IS NOT NULL OR upstream_execution IS NOT NULL);
CREATE INDEX condition_upstream_run ON condition (upstream_run) WHERE state = 0 AND upstream_run IS NOT NULL;
CREATE INDEX condition_upstream_execution ON condition (upstream_execution)
    WHERE state = 0 AND upstream_execution IS NOT NULL;

CREATE TABLE execution_pin (
    execution_id BLOB NOT NULL CHECK (length(execution_id) = 16),
    name TEXT NOT NULL,
    upstream BLOB NOT NULL CHECK (length(upstream) = 16),
    condition_key TEXT,
    generation INTEGER NOT NULL,
    outcome INTEGER NOT NULL CHECK (outcome BETWEEN 0 AND 4),
    failure_code TEXT,
    PRIMARY KEY (execution_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE run (
    id BLOB NOT NULL CHECK (length(id) = 16),
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    graph_version TEXT,
    content_digest INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    phase INTEGER NOT NULL CHECK (phase BETWEEN 0 AND 3),
    paused INTEGER NOT NULL CHECK (paused IN (0, 1)),
    outcome INTEGER CHECK (outcome BETWEEN 0 AND 4),
    cause INTEGER CHECK (cause BETWEEN 0 AND 16),
    on_failure INTEGER NOT NULL CHECK (on_failure BETWEEN 0 AND 2),
    members INTEGER NOT NULL,
    edges INTEGER NOT NULL,
    finalizers INTEGER NOT NULL,
    finalizers_settled INTEGER NOT NULL,
    finalizers_released INTEGER NOT NULL CHECK (finalizers_released IN (0, 1)),
    settled_succeeded INTEGER NOT NULL,
    settled_failed INTEGER NOT NULL,
    settled_cancelled INTEGER NOT NULL,
    settled_expired INTEGER NOT NULL,
    settled_skipped INTEGER NOT NULL,
    epoch INTEGER,
    cancel_policy INTEGER CHECK (cancel_policy BETWEEN 0 AND 2),
    cancel_reason TEXT,
    cancel_actor TEXT,
    cancel_finalizers INTEGER NOT NULL CHECK (cancel_finalizers IN (0, 1)),
    cancel_grace_ms INTEGER,
    cancel_ended_any INTEGER NOT NULL CHECK (cancel_ended_any IN (0, 1)),
    cancel_backlog INTEGER NOT NULL CHECK (cancel_backlog IN (0, 1)),
    expired INTEGER NOT NULL CHECK (expired IN (0, 1)),
    build_deadline_ms INTEGER,
    deadline_ms INTEGER,
    deadline_span_ms INTEGER,
    retention_ms INTEGER NOT NULL,
    retain_until_ms INTEGER,
    created_ms INTEGER NOT NULL,
    sealed_ms INTEGER,
    ended_ms INTEGER,
    PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

CREATE INDEX run_created ON run (created_ms);
CREATE INDEX run_open ON run (phase) WHERE phase <> 3;
CREATE INDEX run_build_deadline ON run (build_deadline_ms, id, namespace) WHERE phase = 0;
CREATE INDEX run_deadline ON run (deadline_ms, id, namespace) WHERE deadline_ms IS NOT NULL;
CREATE INDEX run_cancel_grace ON run (cancel_grace_ms, id, namespace) WHERE cancel_grace_ms IS NOT NULL;
CREATE INDEX run_retain ON run (retain_until_ms, id, namespace) WHERE retain_until_ms IS NOT NULL;
CREATE INDEX run_backlog ON run (cancel_backlog) WHERE cancel_backlog = 1;

CREATE TABLE execution_input (
    execution_id BLOB NOT NULL CHECK (length(execution_id) = 16),
    storage INTEGER NOT NULL CHECK (storage BETWEEN 0 AND 2),
    length INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (execution_id)
) STRICT;

CREATE TABLE execution_result (
    execution_id BLOB NOT NULL CHECK (length(execution_id) = 16),
    generation INTEGER NOT NULL,
    storage INTEGER NOT NULL CHECK (storage BETWEEN 0 AND 2),
    length INTEGER NOT NULL,
    digest INTEGER NOT NULL,
    facts TEXT NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (execution_id, generation)
) STRICT;

CREATE TABLE tag (
    owner BLOB NOT NULL CHECK (length(owner) = 16),
    "key" TEXT NOT NULL,
    namespace TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (owner, "key")
) STRICT, WITHOUT ROWID;

CREATE TABLE progress (
    execution_id BLOB NOT NULL CHECK (length(execution_id) = 16),
    attempt_no INTEGER NOT NULL,
    permille INTEGER,
    note TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (execution_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE request_key (
    namespace TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "of" INTEGER NOT NULL CHECK ("of" BETWEEN 0 AND 2),
    target BLOB NOT NULL CHECK (length(target) = 16),
    digest INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    look_ms INTEGER NOT NULL,
    PRIMARY KEY (namespace, "key")
) STRICT, WITHOUT ROWID;

CREATE INDEX request_key_look ON request_key (look_ms);

CREATE TABLE policy (
    id INTEGER NOT NULL PRIMARY KEY,
    retries_max INTEGER,
    retry_on INTEGER NOT NULL,
    retry_initial_ms INTEGER NOT NULL,
    retry_factor_permille INTEGER NOT NULL,
    retry_max_ms INTEGER NOT NULL,
    retry_jitter_permille INTEGER NOT NULL,
    crashes_max INTEGER NOT NULL,
    crash_initial_ms INTEGER NOT NULL,
    crash_factor_permille INTEGER NOT NULL,
    crash_max_ms INTEGER NOT NULL,
    attempt_timeout_ms INTEGER,
    deadline_ms INTEGER,
    retention_ms INTEGER NOT NULL,
    request_key_window_ms INTEGER NOT NULL,
    lease_ttl_max_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE lane (
    name TEXT NOT NULL,
    state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 3),
    max_active INTEGER,
    changed_ms INTEGER NOT NULL,
    PRIMARY KEY (name)
) STRICT, WITHOUT ROWID;

CREATE TABLE route (
    id INTEGER NOT NULL PRIMARY KEY,
    namespace TEXT NOT NULL,
    lane TEXT NOT NULL,
    capabilities TEXT NOT NULL
) STRICT;

CREATE TABLE worker (
    instance TEXT NOT NULL,
    worker TEXT NOT NULL,
    lanes TEXT NOT NULL,
    capabilities TEXT NOT NULL,
    max_concurrent INTEGER NOT NULL,
    ttl_ms INTEGER NOT NULL,
    expires_ms INTEGER,
    state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 2),
    reason TEXT,
    PRIMARY KEY (instance)
) STRICT, WITHOUT ROWID;

CREATE INDEX worker_expires ON worker (expires_ms) WHERE expires_ms IS NOT NULL;

CREATE TABLE engine_node (
    id BLOB NOT NULL CHECK (length(id) = 16),
    name TEXT NOT NULL,
    started_ms INTEGER NOT NULL,
    alive_ms INTEGER NOT NULL,
    grace_until_ms INTEGER,
    PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

CREATE TABLE schedule (
    id BLOB NOT NULL CHECK (length(id) = 16),
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    cron TEXT,
    zone TEXT,
    every_ms INTEGER,
    anchor_ms INTEGER,
    start_ms INTEGER,
    end_ms INTEGER,
    jitter_ms INTEGER NOT NULL,
    missed_policy INTEGER NOT NULL CHECK (missed_policy BETWEEN 0 AND 2),
    paused INTEGER NOT NULL CHECK (paused IN (0, 1)),
    next_nominal_ms INTEGER,
    next_fire_ms INTEGER,
    made_up INTEGER NOT NULL,
    graph TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    PRIMARY KEY (id)
) STRICT;

CREATE INDEX schedule_next_fire ON schedule (next_fire_ms, id) WHERE paused = 0;

CREATE TABLE schedule_fire (
    schedule_id BLOB NOT NULL CHECK (length(schedule_id) = 16),
    nominal_ms INTEGER NOT NULL,
    run_id BLOB NOT NULL CHECK (length(run_id) = 16),
    fired_ms INTEGER NOT NULL,
    missed INTEGER NOT NULL,
    PRIMARY KEY (schedule_id, nominal_ms)
) STRICT, WITHOUT ROWID;

-- A fire goes with its run.
CREATE INDEX schedule_fire_run ON schedule_fire (run_id);

CREATE TABLE event (
    id INTEGER NOT NULL PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    kind INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 41),
    namespace TEXT NOT NULL,
    run_id BLOB CHECK (length(run_id) = 16),
    execution_id BLOB CHECK (length(execution_id) = 16),
    generation INTEGER,
    attempt_no INTEGER,
    lane TEXT,
    actor TEXT,
    detail TEXT NOT NULL
) STRICT;

CREATE INDEX event_at ON event (at_ms);
