//! Every error and notice code: its kind, its SQLSTATE and a title. A code is stable, has one kind for ever, a page under
//! `docs/errors/` and a test that provokes it.

use std::fmt;

/// What the caller should do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Fix the request; retrying never helps.
    Invalid,
    /// Wait, then retry.
    NotReady,
    /// Look again at what is there, then decide.
    Conflict,
    /// Retry with back-off.
    Unavailable,
    /// Repair or exclude stored or received data, by an explicit order.
    Data,
    /// Stop using this handle or object; get a new one.
    Closed,
    /// Report it; a bug of ours.
    Internal,
}

/// A stable code with what belongs to it.
#[derive(Clone, Copy)]
pub struct Code(&'static Entry);

struct Entry {
    name: &'static str,
    kind: Kind,
    sqlstate: &'static str,
    title: &'static str,
}

impl Code {
    /// The code as printed, for example `LV-S110`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0.name
    }

    /// What the caller should do.
    #[must_use]
    pub const fn kind(self) -> Kind {
        self.0.kind
    }

    /// The SQLSTATE that goes over the wire.
    #[must_use]
    pub const fn sqlstate(self) -> &'static str {
        self.0.sqlstate
    }

    /// One line for a table of contents.
    #[must_use]
    pub const fn title(self) -> &'static str {
        self.0.title
    }

    /// The code printed as `name`, if it is one of ours.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        ALL.iter().copied().find(|code| code.name().eq_ignore_ascii_case(name))
    }
}

impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name
    }
}

impl Eq for Code {}

impl fmt::Display for Code {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.0.name)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

macro_rules! codes {
    ($($constant:ident $name:literal $kind:ident $sqlstate:literal $title:literal;)*) => {
        $(
            #[doc = $title]
            pub const $constant: Code =
                Code(&Entry { name: $name, kind: Kind::$kind, sqlstate: $sqlstate, title: $title });
        )*
        /// Every code, in the order of its name.
        pub const ALL: &[Code] = &[$($constant),*];
    };
}

codes! {
    LV_C001 "LV-C001" Invalid "0A000" "connector or format unknown";
    LV_C002 "LV-C002" Invalid "22023" "connector option unknown";
    LV_C003 "LV-C003" Invalid "22023" "connector option has a bad value";
    LV_C004 "LV-C004" Invalid "22023" "connector option missing";
    LV_C005 "LV-C005" Invalid "22023" "connector options exclude each other";
    LV_C006 "LV-C006" Invalid "0A000" "connector lacks the role";
    LV_C010 "LV-C010" Unavailable "08006" "connector can't reach its target";
    LV_C023 "LV-C023" Data "XX001" "file changed under its reader";
    LV_C030 "LV-C030" Unavailable "08006" "sink write failed";
    LV_C040 "LV-C040" Data "22P04" "input row can't be decoded";
    LV_C050 "LV-C050" Data "42804" "input schema differs from the declared one";
    LV_J006 "LV-J006" Internal "XX000" "a panic was caught in a runner";
    LV_J011 "LV-J011" Closed "55006" "database is closed";
    LV_J141 "LV-J141" Unavailable "53400" "buffer is full";
    LV_S001 "LV-S001" Invalid "42601" "syntax error";
    LV_S002 "LV-S002" Invalid "0A000" "statement of another product, or not planned";
    LV_S003 "LV-S003" Invalid "42601" "clauses contradict or repeat";
    LV_S004 "LV-S004" Invalid "0A000" "planned, but not in this release";
    LV_S005 "LV-S005" Invalid "54001" "statement beyond a limit";
    LV_S101 "LV-S101" Invalid "42P01" "object does not exist";
    LV_S102 "LV-S102" Invalid "42P07" "name exists or is reserved";
    LV_S103 "LV-S103" Invalid "2BP01" "dependants exist";
    LV_S104 "LV-S104" Invalid "42702" "name is ambiguous";
    LV_S105 "LV-S105" Invalid "42809" "object is of another kind";
    LV_S110 "LV-S110" Invalid "42703" "column does not exist";
    LV_S111 "LV-S111" Invalid "42P16" "table definition invalid";
    LV_S120 "LV-S120" Invalid "42809" "stream, source or sink read where stored rows are needed";
    LV_S121 "LV-S121" Invalid "42701" "duplicate output column";
    LV_S130 "LV-S130" Invalid "42P02" "parameter in a continuous query";
    LV_S132 "LV-S132" Invalid "42883" "function or operator unknown for these types";
    LV_S201 "LV-S201" Invalid "23505" "duplicate key";
    LV_S202 "LV-S202" Invalid "42804" "columns do not fit the target";
    LV_S203 "LV-S203" Invalid "23502" "NULL in a NOT NULL column";
    LV_S204 "LV-S204" Invalid "42809" "object can't be written this way";
    LV_S205 "LV-S205" Invalid "21000" "one row would be changed twice";
    LV_S206 "LV-S206" Invalid "0A000" "one-shot statement over an unbounded source";
    LV_S300 "LV-S300" Invalid "0A000" "construct can't be maintained incrementally";
    LV_S304 "LV-S304" Invalid "0A000" "correlated subquery of this form";
    LV_S305 "LV-S305" Invalid "0A000" "construct with a standard rewrite";
    LV_S306 "LV-S306" Invalid "42P20" "first or last value without an order";
    LV_S307 "LV-S307" Invalid "42803" "column neither grouped nor aggregated";
    LV_S330 "LV-S330" Invalid "0A000" "volatile function in a continuous query";
    LV_S401 "LV-S401" Data "22012" "division by zero";
    LV_S402 "LV-S402" Data "21000" "scalar subquery returned more than one row";
    LV_S403 "LV-S403" Data "22003" "numeric overflow";
    LV_S405 "LV-S405" Invalid "42883" "type is not comparable";
    LV_S406 "LV-S406" Invalid "42704" "type unknown or unsupported";
    LV_S408 "LV-S408" Invalid "42804" "types do not fit";
    LV_S410 "LV-S410" Data "22P02" "bad literal or cast input";
    LV_S501 "LV-S501" Invalid "42P20" "event time or watermark needed, or invalid";
    LV_S502 "LV-S502" Invalid "42702" "several event times possible";
    LV_S504 "LV-S504" Invalid "22023" "window interval invalid";
    LV_S505 "LV-S505" Invalid "54001" "too many windows per row";
    LV_S506 "LV-S506" Invalid "42803" "window function outside GROUP BY";
    LV_S507 "LV-S507" Invalid "42P20" "EMIT ON WINDOW CLOSE on output not tied to event time";
    LV_S508 "LV-S508" Invalid "42P20" "lateness has nothing to act on";
    LV_S520 "LV-S520" Invalid "42601" "EMIT not at the end of the statement";
    LV_S521 "LV-S521" Invalid "0A000" "EMIT where no continuous query is";
    LV_S601 "LV-S601" Invalid "22023" "option unknown, duplicate or bad";
    LV_S602 "LV-S602" Invalid "22023" "parameter or variable unknown";
    LV_S603 "LV-S603" Invalid "55000" "schema can't be discovered";
    LV_S604 "LV-S604" Invalid "42P16" "changing relation into an append-only output";
    LV_S608 "LV-S608" Invalid "42P16" "sink without connector";
    LV_S609 "LV-S609" Invalid "42P16" "key not unique";
    LV_S610 "LV-S610" Invalid "0A000" "sink into a table";
    LV_S611 "LV-S611" Data "22P04" "undecodable or contradictory input row";
    LV_S612 "LV-S612" Data "22000" "retraction on append-only input";
    LV_S703 "LV-S703" Invalid "42809" "snapshot of a stream";
    LV_S704 "LV-S704" Closed "55000" "subscribed object dropped";
    LV_S705 "LV-S705" Closed "53400" "subscriber too slow";
    LV_S710 "LV-S710" NotReady "55000" "view of a failed job";
    LV_S722 "LV-S722" Unavailable "53200" "memory limit reached";
    LV_S901 "LV-S901" Invalid "00000" "object exists, skipped";
    LV_S902 "LV-S902" Invalid "00000" "object exists with another definition";
    LV_S906 "LV-S906" Invalid "00000" "nothing to do";
    LV_S908 "LV-S908" Invalid "00000" "ORDER BY is not kept by a view";
    LV_S909 "LV-S909" Invalid "00000" "LIMIT without ORDER BY uses canonical order";
    LV_S910 "LV-S910" Invalid "00000" "state can grow without bound";
    LV_S911 "LV-S911" Invalid "00000" "source can't replay: view starts now";
    LV_S999 "LV-S999" Internal "XX000" "internal error";
    LV_T001 "LV-T001" Invalid "22023" "value not in its allowed range or form";
    LV_T002 "LV-T002" Invalid "42704" "object does not exist in this namespace";
    LV_T003 "LV-T003" Invalid "22023" "beyond a named limit";
    LV_T004 "LV-T004" Conflict "23000" "id or key used with other content";
    LV_T005 "LV-T005" Invalid "22023" "option unknown or not possible here";
    LV_T008 "LV-T008" Invalid "22023" "cursor malformed or too old";
    LV_T101 "LV-T101" Closed "55006" "fence was replaced";
    LV_T102 "LV-T102" Closed "55006" "lease has ended";
    LV_T103 "LV-T103" Closed "55006" "handle was given up";
    LV_T104 "LV-T104" Closed "55006" "attempt is already closed";
    LV_T105 "LV-T105" Conflict "23000" "not possible in this state";
    LV_T106 "LV-T106" Invalid "22023" "lease TTL out of range";
    LV_T108 "LV-T108" NotReady "55000" "lane takes no new executions";
    LV_T110 "LV-T110" Invalid "22023" "handle of another store";
    LV_T111 "LV-T111" Conflict "23000" "instance belongs to another worker";
    LV_T202 "LV-T202" Conflict "23000" "run is sealed";
    LV_T203 "LV-T203" Closed "55006" "run has ended";
    LV_T204 "LV-T204" Conflict "23000" "graph has another revision";
    LV_T205 "LV-T205" Invalid "22023" "execution depends on itself";
    LV_T206 "LV-T206" Invalid "22023" "edge closes a cycle";
    LV_T207 "LV-T207" Conflict "23000" "edge exists with other content";
    LV_T208 "LV-T208" Invalid "22023" "execution is not a member of the run";
    LV_T209 "LV-T209" Invalid "22023" "group can never be satisfied";
    LV_T210 "LV-T210" Conflict "23000" "policy of the group is fixed";
    LV_T211 "LV-T211" Conflict "23000" "execution is a member of another run";
    LV_T212 "LV-T212" Conflict "23000" "execution has started and takes no new edge";
    LV_T213 "LV-T213" Invalid "22023" "run too large";
    LV_T214 "LV-T214" Invalid "22023" "name used twice in a run";
    LV_T215 "LV-T215" Invalid "22023" "run waits for no such condition";
    LV_T216 "LV-T216" Conflict "23000" "condition was resolved otherwise";
    LV_T217 "LV-T217" Closed "55006" "run is being cancelled";
    LV_T218 "LV-T218" Conflict "23000" "plan is out of date";
    LV_T219 "LV-T219" Invalid "22023" "input name used twice";
    LV_T601 "LV-T601" Invalid "22023" "cron text malformed";
    LV_T602 "LV-T602" Invalid "22023" "time zone unknown";
    LV_T701 "LV-T701" Unavailable "40001" "contention in the store";
    LV_T702 "LV-T702" Unavailable "57P03" "store unreachable";
    LV_T703 "LV-T703" Unavailable "57P03" "store can't write";
    LV_T704 "LV-T704" Unavailable "57P03" "outcome of a call unknown";
    LV_T705 "LV-T705" NotReady "55000" "schema of another version";
    LV_T707 "LV-T707" Unavailable "57P03" "database file has another owner";
    LV_T708 "LV-T708" Invalid "22023" "server version too old";
    LV_T709 "LV-T709" Unavailable "57P03" "connected to a replica";
    LV_T710 "LV-T710" Data "XX001" "stored value not in its alphabet";
    LV_T801 "LV-T801" Conflict "23000" "replay of what has not ended";
    LV_T802 "LV-T802" Conflict "23000" "replayed too often";
    LV_T803 "LV-T803" Conflict "23000" "descendants are active";
    LV_T804 "LV-T804" Conflict "23000" "replay would be skipped again";
    LV_T805 "LV-T805" Conflict "23000" "ended before the cancel";
    LV_T901 "LV-T901" Internal "XX000" "rule of the engine violated";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_and_unique() {
        assert!(ALL.windows(2).all(|pair| pair[0].name() < pair[1].name()));
        assert_eq!(Code::find("lv-s110"), Some(LV_S110));
    }

    #[test]
    fn t_121_sqlstates_of_the_execution_engine_follow_the_kind() {
        let ours: Vec<Code> = ALL.iter().copied().filter(|code| code.name().starts_with("LV-T")).collect();
        assert!(!ours.is_empty());
        for code in ours {
            let expected = match (code.name(), code.kind()) {
                ("LV-T002", _) => "42704",
                ("LV-T701", _) => "40001",
                (_, Kind::Invalid) => "22023",
                (_, Kind::NotReady) => "55000",
                (_, Kind::Conflict) => "23000",
                (_, Kind::Unavailable) => "57P03",
                (_, Kind::Data) => "XX001",
                (_, Kind::Closed) => "55006",
                (_, Kind::Internal) => "XX000",
            };
            assert_eq!(code.sqlstate(), expected, "{code}");
        }
    }
}
