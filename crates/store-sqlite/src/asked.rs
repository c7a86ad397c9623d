//! A question that is put together from what is asked of each row.

use levada_store::PageCursor;
use levada_store::rows::Row;
use rusqlite::types::Value as Sql;

use crate::codec::id;
use crate::errors::Result;
use crate::session::{Session, read_all};

/// What a question asks of each row.
#[derive(Default)]
pub(crate) struct Asked {
    conditions: Vec<String>,
    params: Vec<Sql>,
}

impl Asked {
    pub(crate) fn and(&mut self, condition: &str, params: impl IntoIterator<Item = Sql>) {
        self.conditions.push(condition.to_owned());
        self.params.extend(params);
    }

    pub(crate) fn equal(&mut self, column: &str, text: Option<&String>) {
        if let Some(text) = text {
            self.and(&format!("{column} = ?"), [Sql::Text(text.clone())]);
        }
    }

    pub(crate) fn one_of(&mut self, column: &str, words: Option<&[String]>) {
        if let Some(words) = words {
            let marks = vec!["?"; words.len()].join(", ");
            self.and(&format!("{column} IN ({marks})"), words.iter().cloned().map(Sql::Text));
        }
    }

    pub(crate) fn one_of_codes(&mut self, column: &str, codes: &[i16]) {
        if !codes.is_empty() {
            let marks = vec!["?"; codes.len()].join(", ");
            self.and(&format!("{column} IN ({marks})"), codes.iter().map(|code| Sql::Integer(i64::from(*code))));
        }
    }

    pub(crate) fn tagged(&mut self, tag: Option<&(String, String)>) {
        if let Some((key, value)) = tag {
            let tagged = "EXISTS (SELECT 1 FROM tag WHERE tag.owner = id AND tag.\"key\" = ? AND tag.value = ?)";
            self.and(tagged, [Sql::Text(key.clone()), Sql::Text(value.clone())]);
        }
    }

    /// Created within a span, and after the end of the page before.
    pub(crate) fn created(&mut self, from_ms: Option<i64>, to_ms: Option<i64>, after: Option<PageCursor>) {
        if let Some(from_ms) = from_ms {
            self.and("created_ms >= ?", [Sql::Integer(from_ms)]);
        }
        if let Some(to_ms) = to_ms {
            self.and("created_ms < ?", [Sql::Integer(to_ms)]);
        }
        if let Some(after) = after {
            self.and("(created_ms, id) > (?, ?)", [Sql::Integer(after.created_ms), Sql::Blob(id(after.id).to_vec())]);
        }
    }

    /// The first rows that are as asked for.
    pub(crate) fn find<R: Row>(mut self, session: &Session<'_>, order: &str, limit: u32) -> Result<Vec<R>> {
        let columns: Vec<_> = R::TABLE.columns.iter().map(|column| format!("\"{}\"", column.name)).collect();
        let conditions = if self.conditions.is_empty() { "1".to_owned() } else { self.conditions.join(" AND ") };
        let (columns, table) = (columns.join(", "), R::TABLE.name);
        let text = format!("SELECT {columns} FROM \"{table}\" WHERE {conditions} ORDER BY {order} LIMIT ?");
        self.params.push(Sql::Integer(i64::from(limit)));
        read_all(&mut session.composed(&text)?, rusqlite::params_from_iter(self.params))
    }

    /// A page in the order of creation. One more row than the page says that there is another page.
    pub(crate) fn page<R: Row>(self, session: &Session<'_>, limit: u32) -> Result<(Vec<R>, bool)> {
        let mut rows = self.find(session, "created_ms, id", limit.saturating_add(1))?;
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        Ok((rows, more))
    }
}
