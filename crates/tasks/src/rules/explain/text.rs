//! The explanation as text: a line per reason, indented below what it holds up.

use std::fmt::{self, Display, Formatter, Write as _};

use levada_store::Subject;
use levada_store::alphabets::{LaneState, OnTimeout, PublicState};

use super::time::Time;
use super::{ConditionDetail, EdgesLeft, End, Members, Owner, Reason, Reasons, Waiting, Why};

impl Display for Reasons {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let mut text = Text { lines: Vec::new(), now_ms: self.now_ms, full: out.alternate() };
        let kind = match self.waiting.subject {
            Subject::Execution(_) => "execution",
            Subject::Run(_) => "run",
        };
        text.waiting(0, &format!("{kind} \"{}\"", self.waiting.name), " is ", &self.waiting);
        for members in &self.members {
            text.members(members);
        }
        if self.engine_nodes == 0 && self.needs_background() {
            text.line(0, "no engine node is alive: background work waits until one is started");
        }
        out.write_str(&text.lines.join("\n"))
    }
}

impl Reasons {
    /// Whether a background worker acts next on any of it.
    fn needs_background(&self) -> bool {
        let listed = self.members.iter().flat_map(|members| &members.listed);
        let mut all = listed.chain([&self.waiting]).flat_map(|waiting| &waiting.reasons);
        all.any(|reason| matches!(reason.owner, Owner::Background { .. }))
    }
}

/// Lines in the making.
struct Text {
    lines: Vec<String>,
    now_ms: i64,
    /// With whose turn it is and the way out of each reason.
    full: bool,
}

impl Text {
    fn line(&mut self, depth: usize, text: &str) {
        self.lines.push(format!("{}{text}", "  ".repeat(depth)));
    }

    /// What something waits for: in its own line if it is one thing, else below.
    fn waiting(&mut self, depth: usize, head: &str, is: &str, what: &Waiting) {
        if what.listed_before {
            return self.line(depth, &format!("{head}: see above"));
        }
        let single = what.reasons.len() == 1 && what.edges.is_none() && what.more == 0;
        let state = match (&what.end, what.edges) {
            (Some(end), _) => format!("{is}{}", self.end(end)),
            (None, Some(edges)) => format!("{}{}", is.replace(" is ", " "), waits_for(edges)),
            (None, None) if is == ": " && single => String::new(),
            (None, None) => format!("{is}{}", what.state),
        };
        let state = state.trim_end_matches(": ").to_owned();
        match what.reasons.first().filter(|reason| single && !matches!(reason.why, Why::EdgeOpen { .. })) {
            Some(reason) => self.line(depth, &format!("{head}{state}: {}", self.reason(reason))),
            None => {
                self.line(depth, &format!("{head}{state}"));
                what.reasons.iter().for_each(|reason| self.below(depth + 1, reason));
            }
        }
        self.rest(depth + 1, what);
        if let Some(at_ms) = what.deadline_ms.filter(|_| depth == 0) {
            let at = self.time(at_ms);
            self.line(depth + 1, &format!("it expires at {at}"));
        }
    }

    /// How much of it is not listed.
    fn rest(&mut self, depth: usize, what: &Waiting) {
        let listed = what.reasons.iter().any(|reason| matches!(reason.why, Why::EdgeOpen { .. } | Why::ConditionOpen { .. }));
        let thing = if what.edges.is_some() { "edge" } else { "condition" };
        match (what.more > 0, listed) {
            (true, true) => self.line(depth, &format!("and {} more {thing}{}", what.more, plural(what.more))),
            (true, false) => self.line(depth, &format!("its {} open {thing}{}: not followed", what.more, plural(what.more))),
            (false, _) => {}
        }
    }

    fn below(&mut self, depth: usize, reason: &Reason) {
        let Why::EdgeOpen { upstream, .. } = &reason.why else {
            let text = self.reason(reason);
            return self.line(depth, &text);
        };
        match upstream.subject {
            Subject::Run(_) => {
                let text =
                    format!("waits as a finalizer for the end of {} other member{}", upstream.more, plural(upstream.more));
                let text = format!("{text}{}", self.way_out(reason));
                self.line(depth, &text);
            }
            Subject::Execution(_) => {
                let at = self.lines.len();
                self.waiting(depth, &format!("edge from \"{}\"", upstream.name), ": ", upstream);
                let operation = reason.unblock.as_ref().filter(|_| self.full && !upstream.listed_before);
                if let Some((line, operation)) = self.lines.get_mut(at).zip(operation) {
                    let _ = write!(line, ", or {operation}");
                }
            }
        }
    }

    fn members(&mut self, members: &Members) {
        let one = members.count == 1;
        let doing = match members.state {
            PublicState::WaitingEdges => if one { "waits for edges" } else { "wait for edges" }.to_owned(),
            state => format!("{} {state}", if one { "is" } else { "are" }),
        };
        self.line(1, &format!("{} member{} {doing}", members.count, plural(members.count)));
        for waiting in &members.listed {
            self.waiting(2, &format!("\"{}\"", waiting.name), ": ", waiting);
        }
        let more = members.count - i64::try_from(members.listed.len()).unwrap_or(i64::MAX);
        if more > 0 {
            self.line(2, &format!("and {more} more"));
        }
    }

    fn time(&self, at_ms: i64) -> String {
        Time { at_ms, now_ms: self.now_ms }.to_string()
    }

    fn end(&self, end: &End) -> String {
        let mut text = end.outcome.map_or_else(|| "over".to_owned(), |outcome| outcome.to_string());
        if let Some(cause) = end.cause {
            let _ = write!(text, " ({cause})");
        }
        if let Some(at_ms) = end.at_ms {
            let _ = write!(text, " at {}", self.time(at_ms));
        }
        if let Some(by) = end.decided_by {
            let _ = write!(text, ", because of {by}");
        }
        if let Some(failure) = &end.failure {
            let _ = write!(text, ", last failure {} \"{}\": {}", failure.class, failure.code, failure.message);
        }
        if let Some(cancelled) = &end.cancelled {
            let _ = write!(text, ", cancelled by {}: {}", cancelled.by, cancelled.reason);
        }
        text
    }

    fn reason(&self, reason: &Reason) -> String {
        format!("{}{}", self.why(&reason.why, reason.expected_ms), self.way_out(reason))
    }

    /// Since when, whose turn it is, what ends it.
    fn way_out(&self, reason: &Reason) -> String {
        if !self.full {
            return String::new();
        }
        let since = reason.since_ms.map(|at_ms| format!("since {}; ", self.time(at_ms))).unwrap_or_default();
        let operation = match (&reason.statement, &reason.unblock) {
            (Some(statement), _) => format!("; {statement}"),
            (None, Some(operation)) => format!("; {operation}"),
            (None, None) => String::new(),
        };
        format!(" [{since}{}, until {}{operation}]", reason.owner, reason.trigger)
    }

    /// A table: one line per reason.
    fn why(&self, why: &Why, expected_ms: Option<i64>) -> String {
        match why {
            Why::NotSealed { run: Some(_) } => "its graph is not sealed".to_owned(),
            Why::NotSealed { run: None } => "staged, and added to no run".to_owned(),
            Why::EdgeOpen { upstream, .. } => format!("edge from \"{}\"", upstream.name),
            Why::ConditionOpen { key, detail, .. } => {
                format!("condition \"{key}\" is open{}", self.detail(*detail, expected_ms))
            }
            Why::DueAt { at_ms } => format!("due at {}", self.time(*at_ms)),
            Why::RunPaused { .. } => "the run is paused".to_owned(),
            Why::OperatorHold => "held by an operator".to_owned(),
            Why::LanePaused { lane, state: LaneState::Disabled } => format!("lane \"{lane}\" is disabled"),
            Why::LanePaused { lane, .. } => format!("lane \"{lane}\" is paused"),
            Why::LaneFull { lane, active, max_active } => format!("lane \"{lane}\" is full: {active} of {max_active} active"),
            Why::NoCapableWorker { lane, workers: 0, .. } => format!("no live worker of lane \"{lane}\" is registered"),
            Why::NoCapableWorker { lane, missing, .. } => {
                format!("no live worker of lane \"{lane}\" offers {}", missing.join(", "))
            }
            Why::WorkersBusy { lane, workers, places, taken } => format!(
                "waits for a claim: {workers} worker{} of lane \"{lane}\" with {taken} of {places} places taken",
                plural(i64::from(*workers))
            ),
            Why::Leased { worker, until_ms, .. } => format!("leased by worker \"{worker}\" until {}", self.time(*until_ms)),
            Why::Settling { marks: 1 } => "its end is not settled yet".to_owned(),
            Why::Settling { marks } => format!("{marks} ends are not settled yet"),
            Why::Cancelling { left, .. } => {
                let when = expected_ms.map(|at_ms| format!(", from {}", self.time(at_ms))).unwrap_or_default();
                format!("the run is being cancelled{when}: {left} member{} left", plural(*left))
            }
            Why::StoreUnavailable { code, message } => format!("the store does not answer ({code}): {message}"),
        }
    }

    fn detail(&self, detail: ConditionDetail, expected_ms: Option<i64>) -> String {
        let what = match detail {
            ConditionDetail::Call { .. } => String::new(),
            ConditionDetail::EndOfRun { ended: true, .. } => ": the run has ended".to_owned(),
            ConditionDetail::EndOfRun { stored: true, .. } => ": the run has not ended".to_owned(),
            ConditionDetail::EndOfRun { .. } => ": there is no such run".to_owned(),
            ConditionDetail::EndOfExecution { ended: true, .. } => ": the execution has ended".to_owned(),
            ConditionDetail::EndOfExecution { stored: true, .. } => ": the execution has not ended".to_owned(),
            ConditionDetail::EndOfExecution { .. } => ": there is no such execution".to_owned(),
        };
        let Some(at_ms) = expected_ms else { return what };
        let fails = matches!(detail, ConditionDetail::Call { on_timeout: Some(OnTimeout::Fail) });
        let then = if fails { "what waits for it fails" } else { "it is missed" };
        format!("{what}; {then} at {}", self.time(at_ms))
    }
}

fn waits_for(edges: EdgesLeft) -> String {
    let mut text = format!("waits for {} of {} edge{}", edges.need, edges.n, plural(i64::from(edges.n)));
    let counts = [(edges.satisfied, "satisfied"), (edges.missed, "missed")];
    let counts: Vec<_> = counts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
    if !counts.is_empty() {
        let _ = write!(text, " ({})", counts.join(", "));
    }
    text
}

fn plural(n: i64) -> &'static str {
    if n == 1 { "" } else { "s" }
}
