//! UNION and UNION ALL.

use super::from::From;
use super::{Draft, QueryMaker};

impl QueryMaker<'_> {
    /// Two or three queries of the same types, one below the other.
    pub(super) fn union(&mut self, depth: usize) -> Draft {
        let between = if self.chance.percent(25) { " UNION " } else { " UNION ALL " };
        let mut texts: Vec<String> = Vec::new();
        let mut types = Vec::new();
        for _ in 0..self.chance.between(2, 3) {
            let From { text, scope } = self.from(depth.saturating_sub(1));
            if types.is_empty() {
                types = self.types(&scope, 3);
            }
            let filter = self.maybe_where(&scope, 40);
            texts.push(self.project(&types, &text, &scope, &filter, "").text);
        }
        Draft { text: texts.join(between), columns: types }
    }
}
