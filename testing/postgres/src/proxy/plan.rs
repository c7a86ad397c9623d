//! What the proxy is to do to the connections.

use std::time::Duration;

/// One plan is in force at a time, for all connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Plan {
    /// Forward everything.
    #[default]
    Pass,
    /// Cut the connection instead of forwarding the statement. All earlier requests have been answered by then.
    CutBefore(When),
    /// Forward the statement, wait until the server has done it, and cut the connection without passing on the reply. At a
    /// commit: the client cannot know that it happened.
    CutAfter(When),
    /// Forward the statement only when the plan is replaced; until then its client waits, with whatever it has locked. Everybody else
    /// goes on.
    HoldBefore(When),
    /// Close every new connection at once.
    Refuse,
    /// Swallow everything in both directions, as a network does that is gone without a word. Connections that lost something
    /// are cut when the plan changes.
    HalfOpen,
    /// The same for the connections that listen for notifications when this is set; all others go on.
    Deaf,
    /// Every reply takes this much longer.
    Delay(Duration),
}

impl Plan {
    /// Whether connections may be open and say nothing.
    pub(super) fn is_silent(self) -> bool {
        matches!(self, Self::HalfOpen | Self::Deaf)
    }
}

/// A point among the statements of all connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// The n-th statement, from 1, since the plan was set. `BEGIN` and `COMMIT` count.
    Statement(u64),
    /// The next `COMMIT`.
    Commit,
}

impl When {
    /// Whether the point is in a request with these statements; `seen` counts up to and including the last of them.
    pub(super) fn is_among(self, seen: u64, statements: u64, commits: bool) -> bool {
        match self {
            Self::Statement(wanted) => wanted <= seen && wanted > seen - statements,
            Self::Commit => commits,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_found_in_the_request_that_holds_it() {
        // The request holds the third to the fifth statement.
        let found: Vec<u64> = (1..=7).filter(|&n| When::Statement(n).is_among(5, 3, false)).collect();
        assert_eq!(found, [3, 4, 5]);
        assert!(!When::Statement(5).is_among(5, 0, true), "an empty request holds nothing");
        assert!(When::Commit.is_among(5, 3, true) && !When::Commit.is_among(5, 3, false));
    }
}
